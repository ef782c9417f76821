"""The few checks that gave an answer no score are found without going through all that gave one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    unscored = sa.text("value IS NULL")
    op.create_index(
        "ix_score_unscored", "score", ["cell_id"], sqlite_where=unscored, postgresql_where=unscored
    )

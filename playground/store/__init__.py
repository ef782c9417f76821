"""Everything that is kept: prompts with their versions, runs with their answers, scores and votes.

The only home of SQLModel, SQLAlchemy and Alembic; what leaves this package are the frozen values of `records`.
"""

from playground.store.content import content_hash
from playground.store.opening import open_store, open_to_read
from playground.store.schema import database_facts
from playground.store.store import Store

__all__ = ["Store", "content_hash", "database_facts", "open_store", "open_to_read"]

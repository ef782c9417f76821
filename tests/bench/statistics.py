"""What the verdicts promise, by simulation (`calibration.py`), as a table.

    python tests/bench/statistics.py [--runs 4000]      # some minutes; seeded, the same every time

The standard library has a module of this name, and a bench that is run as a script has this folder first on its path: whoever
imports `statistics` there, a bench or a library that it uses, is given the standard library's.
"""

import importlib.util
import sys
import sysconfig
from pathlib import Path

if __name__ == "statistics":
    found = importlib.util.spec_from_file_location(
        __name__, Path(sysconfig.get_path("stdlib")) / "statistics.py"
    )
    assert found is not None and found.loader is not None
    sys.modules[__name__] = importlib.util.module_from_spec(found)
    found.loader.exec_module(sys.modules[__name__])

if __name__ == "__main__":
    from calibration import main

    main()

"""Orders from files: layouts, cells, the comparison with what is stored, and the verb that imports a file."""

from orders.imports.run import Counts, Report, import_file

__all__ = ["Counts", "Report", "import_file"]

"""The demo that lives: buyers, carriers and, when asked, the team act on the demo shops' orders through the verbs.

Nothing is kept but what stands in the database: each turn asks which orders and parcels stand where, works out from
the order's number what its people want and when, and does what is due. So a world that was ended goes on where it was,
and takes part in what people do on the pages: a parcel that somebody ships by hand is scanned on its way, too.
"""

from orders.demo.living.pace import live
from orders.demo.living.world import Deed, World

__all__ = ["Deed", "World", "live"]

"""Pages of the room of figures, and where they stand in the navigation."""

from sellercenter.navigation import Place

PLACES: list[Place] = []
SETTINGS: list[Place] = []

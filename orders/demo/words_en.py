"""The words of the British demo shop: people, places, goods and what they say; all invented."""

NICKNAME_HEADS = (
    *("mossy", "quiet", "rainy", "copper", "little", "north", "salty", "woolly", "amber", "sunday"),
    *("paper", "garden", "slow", "bright", "pebble", "maple", "early", "river", "tidy", "harbour"),
)
NICKNAME_TAILS = (
    *(
        "fox",
        "otter",
        "kettle",
        "robin",
        "lantern",
        "teapot",
        "badger",
        "willow",
        "pixel",
        "thimble",
        "wren",
        "biscuit",
    ),
    *("marble", "heron", "acorn", "button", "puddle", "bramble", "comet", "pigeon", "clover", "anchor", "fern", "gull"),
)
SURNAMES = (
    *("Ashdown", "Bellweather", "Carrow", "Dunmore", "Ellery", "Farrant", "Garside", "Hartwell", "Ivers", "Jessop"),
    *(
        "Kershaw",
        "Lomax",
        "Marlow",
        "Norwood",
        "Oakden",
        "Penrose",
        "Quill",
        "Rushton",
        "Selby",
        "Thorley",
        "O'Connell",
    ),
)
GIVEN_NAMES = (
    *("Amelia", "Oliver", "Isla", "George", "Freya", "Arthur", "Niamh", "Rhys", "Elsie", "Callum", "Priya", "Tomasz"),
    *("Hannah", "Imran", "Zoë", "Owen", "Chloë", "Samuel", "Ffion", "Duncan"),
)
PLACES = (
    ("England", "London", ("Hackney", "Camden", "Southwark", "Ealing")),
    ("England", "Bristol", ("Clifton", "Bedminster")),
    ("England", "Manchester", ("Didsbury", "Ancoats", "Chorlton")),
    ("England", "Leeds", ("Headingley", "Horsforth")),
    ("England", "Newcastle upon Tyne", ("Jesmond", "Heaton")),
    ("England", "Norwich", ("Thorpe", "Eaton")),
    ("Scotland", "Edinburgh", ("Leith", "Morningside")),
    ("Scotland", "Glasgow", ("Partick", "Shawlands")),
    ("Wales", "Cardiff", ("Roath", "Canton")),
    ("Wales", "Swansea", ("Mumbles", "Uplands")),
    ("Northern Ireland", "Belfast", ("Stranmillis", "Ballyhackamore")),
)
STREETS = ("Alder Lane", "Station Road", "Mill Street", "Orchard Way", "Harbour View", "Chapel Row", "Beech Avenue")
HOMES = ("Flat 2", "Flat 5b", "The Old Forge", "Garden Flat", "", "", "")
GOODS = (
    ("Stoneware mug", ("Oat", "Slate", "Moss"), 900, 1800),
    ("Linen tea towel", ("Pair", "Set of four"), 1200, 2600),
    ("Soy candle", ("Pine", "Sea salt", "Fig"), 1400, 3200),
    ("Wool throw", ("Heather", "Charcoal"), 4900, 9900),
    ("Oak serving board", ("Small", "Large"), 2400, 5200),
    ("Enamel pie dish", ("24 cm", "28 cm"), 1600, 2800),
    ("Willow basket", ("Small", "Medium", "Large"), 1800, 4800),
    ("Cotton bed set", ("Single", "Double", "King"), 4500, 9900),
    ("Garden twine kit", ("Green", "Natural"), 700, 1500),
    ("Brass hook rail", ("Three hooks", "Five hooks"), 2200, 3900),
    ("Recycled glass carafe", ("0.75 l", "1 l"), 1700, 2900),
    ("Felt slippers", ("Size 37-38", "Size 39-40", "Size 41-42", "Size 43-44"), 2900, 4500),
    ("Beeswax wraps", ("Three", "Six"), 900, 1900),
    ("Reading lamp", ("Black", "Brass"), 5900, 12900),
)
STYLES = ("Hand-thrown", "Coastal", "Classic", "Everyday", "Woodland", "Heritage", "Nordic", "Weathered")
MESSAGES = (
    *("Please leave with the neighbour at no. 14.", "It's a gift, no invoice in the box please.", "Please post soon!"),
    *("Ring the bell twice, it sticks.", "Could this arrive before Friday?", 'Write "Happy birthday, Mum" on a card.'),
)
SELLER_NOTES = (
    *(
        "Regular, add a sample",
        "Gift wrap",
        "Wait for restock on Tuesday",
        "Address checked by phone",
        "Ship with next order",
    ),
    *("Fragile: double box",),
)
TEAM_NOTES = (
    *(
        "Buyer written to, waiting for an answer.",
        "Warehouse expects stock on Wednesday.",
        "Checked the payment, all fine.",
    ),
    *("Courier will try again tomorrow.", "Buyer agreed to the other colour."),
)
ABNORMAL = {
    "risk": ("Three orders to one address within an hour", "Card check pending"),
    "address": ("House number is missing", "Postcode and town don't match"),
    "stock": ("Out of stock until Tuesday", "One item failed inspection"),
    "parcel": ("No scan for four days", "Courier reports damage"),
    "price": ("Discounts stacked below cost",),
    "buyer": ("No answer to two e-mails",),
    "other": ("Waiting for the manager",),
}
REASONS = {
    "expires": ("Not paid in time",),
    "drops": ("Changed my mind", "Ordered twice"),
    "regrets": ("Takes too long", "Wrong address", "Found it cheaper"),
    "sold_out": ("Out of stock",),
    "platform": ("Closed after a risk check",),
    "lost": ("Parcel lost",),
    "refused": ("Delivery refused",),
}
RESTOCKED = "Delivery from the supplier"
CREATORS = (
    *("Harbour & Pine Live", "Moss at Home", "The Tidy Shelf", "Kitchen Table Club", "Rowan Makes"),
    *("Slow Sunday", "North Light", "Bramble & Co.", "Little Larder"),
)
TRACKING = {
    "picked_up": "Collected from sender in {home}",
    "hub": "Arrived at the {city} depot",
    "out_for_delivery": "Out for delivery in {city}",
    "delivered": "Delivered in {city}",
    "attempt_failed": "We called in {city} but nobody was in; we will try again",
    "returning": "Refused by the recipient, on its way back",
    "returned": "Returned to the sender in {home}",
    "lost": "We can't find this item; an investigation is open",
    "customs": "Held for a customs declaration in {city}",
    "info": "Label created in {home}",
}

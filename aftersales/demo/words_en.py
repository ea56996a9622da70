"""What the buyers and the team of the British demo shop say about problems, reviews and parcels; all invented."""

# What goes wrong with which goods: a part of the title, and the reasons that are likelier there than elsewhere.
TROUBLES = (
    ("slippers", ("too_big", "too_small", "too_small")),
    ("bed set", ("too_small", "not_as_described", "defective")),
    ("throw", ("not_as_described", "changed_mind", "defective")),
    ("mug", ("damaged", "damaged", "wrong_item")),
    ("carafe", ("damaged", "damaged", "missing_parts")),
    ("dish", ("damaged", "not_as_described")),
    ("candle", ("damaged", "not_as_described", "changed_mind")),
    ("lamp", ("defective", "defective", "missing_parts", "damaged")),
    ("hook rail", ("missing_parts", "wrong_item")),
    ("board", ("defective", "damaged", "changed_mind")),
)
ASKS = {
    "too_big": ("A size too big, they slip off.", "Runs large, I'd need one size down."),
    "too_small": ("Far too tight.", "One size up would be right."),
    "damaged": ("Arrived in pieces, photo attached.", "The box was crushed and it is chipped.", "Cracked at the rim."),
    "defective": ("Doesn't switch on.", "The seam has come undone after one wash.", "Wobbles, one foot is shorter."),
    "missing_parts": ("The screws were not in the box.", "One piece of the set is missing."),
    "missing_item": ("Only two of three arrived.",),
    "wrong_item": ("I ordered oat and got slate.", "This is somebody else's order!"),
    "not_as_described": ("The colour is nothing like in the stream.", "Much thinner than it looked."),
    "changed_mind": ("Lovely, but doesn't suit our kitchen.", "Bought two by mistake, sending one back."),
    "not_received": ("Marked as delivered, but nothing here.", "Still waiting, no news for a week."),
    "parcel_lost": ("The courier says it is lost.",),
    "late": ("It was for a birthday last Saturday.",),
    "price_dropped": ("It's cheaper now than when I ordered yesterday.",),
    "discount_missing": ("The live code was not taken off.",),
    "no_longer_needed": ("No longer needed, sorry.",),
    "ordered_by_mistake": ("Ordered twice by accident.",),
    "not_shipped_in_time": ("Takes too long.",),
    "wrong_address": ("Wrong address, I'll order again.",),
    "better_price": ("Found it cheaper.",),
    "cancel_other": ("Please cancel.",),
}
HOSTILE = ('<img src=x onerror="alert(1)"> broken!!', "{{ 7|add:7 }} {% csrf_token %}", "'; DROP TABLE cases; --")
REFUSALS = {
    "evidence_unclear": ("We can't see the damage in the picture. Could you send one of the whole item?",),
    "sent_separately": ("The rest is on its way in a second parcel.",),
    "not_late": ("It is still within the delivery time; the courier says tomorrow.",),
    "price_held": ("The price you saw is for another size.",),
}
OVERRIDES = ("Third case of this buyer this month.", "Regular customer, no discussion.", "Photo shows it clearly.")
DEMANDS = ("Please show how the item was packed.", "Please prove the condition in which it left.")
STATEMENTS = (
    "The item left in perfect order: see the packing photo and the weight on the label.",
    "The buyer told us in the chat that the item works; we attach the messages.",
)
FOR_BUYER = ("The pictures of the buyer show the defect; the shop has not proved otherwise.",)
FOR_SELLER = ("The evidence of the shop shows that the item left complete and undamaged.",)
APPEALS = {
    "malicious": "The same buyer has claimed broken mugs in five shops with the same photo.",
    "penalty": "We were charged for a late delivery, but the courier collected within 20 hours.",
    "compensation": "A compensation was taken for a parcel that had been delivered and signed for.",
    "arbitration": "The arbitration did not look at the packing photo that we had put in.",
}
WON = "The penalty is lifted and the amount is given back."
LOST = "The evidence does not show when the parcel was collected."
TICKETS = {
    "redelivery": ("Nobody was in. Please try again after five.", "Second delivery booked for tomorrow evening."),
    "lost": ("No scan for nine days. Please search.", "Not found in the depot; the claim form is open."),
    "damaged": ("The box arrived wet and torn.", "Our driver confirms the damage."),
    "stuck": ("At the same depot for four days.", "It moves on tonight."),
    "intercept": ("The buyer has cancelled, please send it back.", "Stopped at the depot, it comes back."),
}
REVIEWS = {
    5: ("Beautiful, exactly as shown.", "Wrapped with care, arrived in two days.", "My third one. Love it!", ""),
    4: ("Very nice, colour slightly darker.", "Good quality, slow post.", ""),
    3: ("It's fine.", "Smaller than I thought."),
    2: ("Chipped at the edge, still usable.", "Took ten days."),
    1: ("Arrived broken and nobody answers.", "Wrong colour. Disappointed.", "<b>AVOID</b> <script>alert(1)</script>"),
}
LATER = ("After a month: still lovely.", "Update: the seam has gone.")
REPLIES = (
    "We are sorry about this and have written to you to put it right.",
    "Thank you for telling us. We have changed how we pack these.",
)
TALKS = (
    ("When will it be shipped?", "It leaves tomorrow morning."),
    ("Is the oat mug dishwasher safe?", "Yes, top rack."),
    ("Could you change the address?", "Done, please check the order page."),
    ("The parcel hasn't moved for days.", "We've asked the courier and will write today."),
    ("Can I have an invoice?", "It is on its way to your e-mail address."),
    ("<script>alert('hi')</script> where is my order?", "It is at the depot in your town."),
)
MORE = ("Hello?", "Thanks!", "Anybody there?")
CANNED = (
    ("message", "shipping", "Dear {buyer}, your order {order} leaves tomorrow. The number of the parcel: {tracking}"),
    ("message", "sorry", "Dear {buyer}, we are sorry. We'll look at it today and write to you."),
    ("message", "invoice", "Dear {buyer}, the invoice for {order} over {amount} is on its way to you."),
    ("review", "thanks", "Thank you, {buyer}, that makes our day at {shop}."),
    ("review", "sorry", "We are sorry that this went wrong, {buyer}, and have written to you."),
    ("case", "photo", "Dear {buyer}, could you send us a photo of the whole item and of the box?"),
)
# Name, kinds, problems, up to which amount, at most how many cases of the buyer, and whether it is active.
RULES: tuple[tuple[str, list[str], list[str], int, int, bool], ...] = (
    ("Small refunds of new problems", ["refund"], ["defect", "not_received"], 8, 1, True),
    ("Price protection up to 5", ["price"], [], 5, 3, False),
    ("Returns without a reason", ["return"], ["changed_mind", "size"], 60, 2, False),
)
CARRIER = "Royal Mail"

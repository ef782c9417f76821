"""Writes intent.csv: 120 messages to a shop, twelve of each of ten intents.

    python data/intent/make.py

The messages were written by hand for this file. Of each intent the first eight say what they want in plain words, the
last four only let one guess it.
"""

from __future__ import annotations

import csv
from pathlib import Path

MESSAGES: dict[str, tuple[str, ...]] = {
    "cancel order": (
        "Please cancel my order from this morning.",
        "I want to cancel order 4471, I chose the wrong size.",
        "Can you stop the order before it is packed?",
        "I changed my mind, please don't send the lamp.",
        "Cancel everything I bought yesterday, please.",
        "How do I call off an order that I just placed?",
        "I ordered twice by mistake, cancel one of them.",
        "Please take back my order, I found the book at home.",
        "My sister has already bought the same kettle for us, so we won't need yours.",
        "Too late to say no to the chairs I clicked on an hour ago?",
        "I pressed the button too fast; that was not meant to be bought.",
        "Please don't put order 882 on the truck.",
    ),
    "track parcel": (
        "Where is my parcel?",
        "Can you tell me when my delivery will arrive?",
        "The tracking page has shown nothing new for four days.",
        "What is the status of order 1932?",
        "Has my package been sent yet?",
        "I need the tracking number for my shoes.",
        "My parcel should have come on Monday, where is it now?",
        "Is the delivery still coming today?",
        "I have been sitting by the window since eight, and no van so far.",
        "The neighbours got theirs yesterday; ours was ordered on the same day.",
        "Do I have time to go to the shops, or will the driver be here soon?",
        "Your last message said “out for delivery”, and that was on Tuesday.",
    ),
    "return item": (
        "I would like to send the jacket back.",
        "How do I return a pair of shoes that don't fit?",
        "Please send me a label for returning the blender.",
        "Can I bring the sofa cover back to your shop?",
        "What is the last day to return my order?",
        "I want to give back one of the two vases.",
        "The dress is the wrong colour for me, I want to return it.",
        "Do I need the original box to send the headphones back?",
        "The trousers are lovely, just not on me. What now?",
        "Somebody else will be happier with this coat than I am.",
        "It still has all its tags on and I am not going to keep it.",
        "Which post office takes things that go back to you?",
    ),
    "refund": (
        "When do I get my money back?",
        "I returned the kettle two weeks ago and have no refund yet.",
        "Please refund the delivery fee.",
        "I was promised a refund of 30 dollars.",
        "Has my refund been paid out?",
        "You charged me twice, please pay one of them back.",
        "I want my money back for the broken lamp.",
        "The refund that arrived is five dollars short.",
        "The parcel reached you on the 3rd, but my account is as empty as before.",
        "My bank says that nothing has come in from you.",
        "I paid for three and you sent two, so you owe me for one.",
        "The price was reduced an hour after I paid; can I have the difference?",
    ),
    "change address": (
        "I have moved, please change my address.",
        "Can you deliver my order to my office instead?",
        "The house number in my account is wrong, it is 17.",
        "Please update my delivery address.",
        "How can I change where the parcel goes?",
        "Send it to my parents' address, please, not to mine.",
        "I typed the wrong postcode for order 5120.",
        "My new street is Mill Lane 4, please save that.",
        "From the first of May nobody will live at the place you have on file.",
        "I'm on holiday next week; could the box go to my brother in Leeds?",
        "It says flat 3, but flat 3 is my landlord.",
        "Our company is now in the building across the road.",
    ),
    "payment problem": (
        "My card is declined at the checkout.",
        "I can't pay, the page just reloads.",
        "The payment failed but the money is gone from my account.",
        "Why does your site not accept my credit card?",
        "The code from my bank is not accepted.",
        "Paying by bank transfer gives an error.",
        "I tried to pay three times and it never works.",
        "The checkout says that my payment could not be processed.",
        "The little wheel keeps turning after I type my card number.",
        "My card works everywhere but with you.",
        "Everything is fine up to the last step, and then it is all red.",
        "Your page wants a security code and my card has none.",
    ),
    "product question": (
        "Does this lamp come with a bulb?",
        "Is the blue jacket waterproof?",
        "How big is the small backpack?",
        "Can the blender crush ice?",
        "What is the table made of?",
        "Does the kettle switch off by itself?",
        "Will the phone case fit an older model?",
        "How long does the battery of this speaker last?",
        "I have a narrow staircase; would the wardrobe go up in parts?",
        "My son is allergic to nuts. Is the cereal fine for him?",
        "Could I wash the rug at 60 degrees, or will it shrink?",
        "Would you take the red or the green tent for snow?",
    ),
    "account access": (
        "I forgot my password.",
        "I can't log in to my account.",
        "The link to reset my password does not work.",
        "My account is locked, please open it.",
        "I never get the e-mail with the login code.",
        "How do I change the e-mail address that I log in with?",
        "It says that my user name does not exist.",
        "Please help me to get back into my account.",
        "I have a new phone, and now the code goes to the old one.",
        "Your site no longer knows who I am.",
        "I tried my dog's name, my cat's name and my birthday; none of them opens it.",
        "After five tries I have to wait an hour, and I still don't know the word.",
    ),
    "complaint": (
        "Your service is terrible and I want to complain.",
        "I am very disappointed with how I was treated on the phone.",
        "This is the third time that you send the wrong item. I want to speak to a manager.",
        "The driver was rude to my mother.",
        "I have never seen such bad support.",
        "It is a shame how you treat customers of ten years.",
        "Nobody answers my letters, I am really angry.",
        "I want to make a formal complaint about your shop in Bath.",
        "Four calls, four different stories: is this how you work?",
        "I told your colleague that I was in a hurry, and he laughed.",
        "You may want to look at what your man did to our flower bed.",
        "I will tell everybody I know what happened here.",
    ),
    "praise": (
        "Thank you, the delivery was incredibly fast!",
        "Your support was so kind, please tell Anna.",
        "I love the new shop, well done.",
        "Great service, I will order again.",
        "The cake tin is perfect, thanks a lot.",
        "Just wanted to say that your team is wonderful.",
        "Best online shop that I know, keep it up!",
        "The handwritten note in the box made my day.",
        "Please tell the driver that my grandmother still talks about him.",
        "I had a question at midnight and an answer at five past. Wow.",
        "My old pan lasted thirty years, and the new one looks as if it will too.",
        "Whoever packed the glasses deserves a day off.",
    ),
}


def rows() -> list[tuple[str, str, str, str]]:
    """(id, style, text, expected), the intents in turn."""
    made = []
    for place, texts in enumerate(zip(*MESSAGES.values(), strict=True), 1):
        for text, expected in zip(texts, MESSAGES, strict=True):
            name = f"{expected.replace(' ', '-')}-{place:02}"
            made.append((name, "plain" if place <= 8 else "indirect", text, expected))
    return made


if __name__ == "__main__":
    with Path(__file__).with_name("intent.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "style", "text", "expected"))
        writer.writerows(rows())

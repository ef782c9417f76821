"""Writes sentiment.csv: 120 short reviews, six positive and six negative ones of each of ten kinds of thing.

    python data/sentiment/make.py

The reviews were written by hand for this file. Those after the mark "twisted" need more than a word list: something bad is
denied, two sides are weighed, or praise is meant as blame.
"""

from __future__ import annotations

import csv
from pathlib import Path

# Of each kind: four plain ones, then two twisted ones, first positive, then negative.
REVIEWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hotel": (
        (
            "The room was spotless and the staff remembered our names.",
            "We slept wonderfully and the breakfast was a joy.",
            "A lovely little hotel with a warm welcome at any hour.",
            "Quiet, clean and friendly, exactly what we hoped for.",
            "I feared the street would be noisy, but we never heard a sound.",
            "The lift was slow, yet I would come back tomorrow.",
        ),
        (
            "The carpet was sticky and nobody answered the bell.",
            "Our window did not close and the heating was broken.",
            "The room smelled of smoke and the sheets had stains.",
            "Rude staff, cold soup and a bed like a board.",
            "The lobby looks grand, but the rooms are a disgrace.",
            "If you enjoy waiting an hour for a towel, this is your place.",
        ),
    ),
    "phone": (
        (
            "The battery lasts two full days and it charges fast.",
            "A brilliant screen and the camera is a delight.",
            "It is light, quick and has never crashed.",
            "The best phone that I have had in ten years.",
            "I was sure I would miss my old phone; I do not.",
            "Not cheap, but worth every cent.",
        ),
        (
            "It freezes twice a day and loses my contacts.",
            "The battery is empty by noon and the screen flickers.",
            "The speaker rattles and calls break off all the time.",
            "It broke in the first week and the repair took two months.",
            "Great photos, if you can live with a phone that dies at lunch.",
            "The box was the nicest thing about it.",
        ),
    ),
    "film": (
        (
            "A moving story with superb actors.",
            "I laughed from the first scene to the last.",
            "Beautiful pictures, clever dialogue, a perfect ending.",
            "The children were enchanted and so was I.",
            "Two and a half hours flew by without a dull minute.",
            "The beginning drags, but what follows is unforgettable.",
        ),
        (
            "The plot makes no sense and the jokes fall flat.",
            "Boring, loud and far too long.",
            "Wooden acting ruins what was a weak script anyway.",
            "I walked out after forty minutes.",
            "With so many stars in it, it takes talent to be this dull.",
            "The trailer had all the good scenes; the rest is filler.",
        ),
    ),
    "restaurant": (
        (
            "The dumplings were heavenly and the waiter was charming.",
            "Fresh fish, fair prices and a view of the harbour.",
            "Every course was a pleasure and came at the right moment.",
            "My favourite place in town, the bread alone is worth the trip.",
            "The queue is long, and it is still the best lunch in town.",
            "I do not usually like lentils; here I asked for more.",
        ),
        (
            "The fish was off and we were ill all night.",
            "Overpriced, undercooked and served with a sneer.",
            "We waited ninety minutes for cold noodles.",
            "The glasses were dirty and the salad had sand in it.",
            "Lovely plates; a pity about what was on them.",
            "They apologised nicely each time they got our order wrong.",
        ),
    ),
    "course": (
        (
            "The teacher explains clearly and answers every question.",
            "I learned more in a week than in a year of school.",
            "Well prepared, lively and full of useful examples.",
            "The exercises are fun and build on each other nicely.",
            "I nearly gave up in the second lesson and am so glad I did not.",
            "It is demanding, and that is what makes it so good.",
        ),
        (
            "The lessons are chaotic and full of mistakes.",
            "He reads his slides aloud for three hours.",
            "Nobody marks the homework and the forum is dead.",
            "A waste of money: everything in it is free elsewhere.",
            "The certificate looks better than what I learned for it.",
            "You will learn patience here, if nothing else.",
        ),
    ),
    "delivery": (
        (
            "It arrived a day early and perfectly packed.",
            "The driver carried the box up four floors with a smile.",
            "Fast, friendly and nothing was damaged.",
            "I could follow the parcel all the way, very convenient.",
            "The first parcel was lost, but they replaced it at once and for free.",
            "No scratch, no delay, no trouble at all.",
        ),
        (
            "The parcel came three weeks late and crushed.",
            "They left my order in the rain.",
            "Half of the things were missing and nobody replies.",
            "The driver threw the box over the fence.",
            "“Express” seems to mean before the end of the year.",
            "They say that they tried to deliver; I was at home all day.",
        ),
    ),
    "app": (
        (
            "It starts at once and does just what it should.",
            "So easy that my grandmother uses it every day.",
            "The new version is faster and looks great.",
            "I love how it sorts my photos by itself.",
            "At first I missed a few buttons; now I would not want them back.",
            "Free of adverts and free of nonsense.",
        ),
        (
            "It crashes every time I open a picture.",
            "The update deleted all of my notes.",
            "Confusing menus, tiny letters and constant adverts.",
            "It drains the battery and asks for my location all day.",
            "The only thing it does reliably is ask for five stars.",
            "It was a good app before they improved it.",
        ),
    ),
    "book": (
        (
            "I could not put it down and read until dawn.",
            "Wise, funny and beautifully written.",
            "The characters feel like friends by the last page.",
            "A thrilling story with a surprising end.",
            "I bought it for the cover and stayed for every word.",
            "Hardly a page without a sentence that I wanted to keep.",
        ),
        (
            "The sentences are clumsy and the story goes nowhere.",
            "I gave up after fifty dreary pages.",
            "Full of errors, as if nobody had read it before printing.",
            "Flat characters and a predictable ending.",
            "It cured my sleepless nights within three pages.",
            "The idea would have made a fine short story; as a novel it is a chore.",
        ),
    ),
    "doctor": (
        (
            "She listens, explains everything and takes her time.",
            "Friendly team, no waiting, and the pain is gone.",
            "He found in ten minutes what others missed for years.",
            "I felt safe and well looked after from the first moment.",
            "I am afraid of dentists, and this time I nearly fell asleep.",
            "You may wait a while, because nobody is rushed here.",
        ),
        (
            "He did not look up from his screen once.",
            "They forgot my appointment and blamed me for it.",
            "Two hours of waiting for a rushed three minutes.",
            "The treatment hurt and made everything worse.",
            "The magazines in the waiting room are excellent; I read all of them.",
            "She was very sure, and very wrong.",
        ),
    ),
    "train": (
        (
            "On time to the minute, clean and comfortable.",
            "Big windows, good coffee and a friendly crew.",
            "The journey was smooth and the seats are roomy.",
            "Travelling with children was never so relaxed.",
            "We had to change twice, and each time the next train was waiting.",
            "I expected crowds and got a whole compartment to myself.",
        ),
        (
            "Late again, and no seat for three hours.",
            "The heating was off and the toilets were locked.",
            "Dirty, crowded and unbearably hot.",
            "The train was cancelled and nobody told us why.",
            "We saw a lot of the countryside, since we stood in it for two hours.",
            "The announcements are polite; the trains just do not come.",
        ),
    ),
}


def rows() -> list[tuple[str, str, str, str, str]]:
    """(id, kind, style, text, expected): positive and negative ones take turns."""
    made = []
    for kind, sides in REVIEWS.items():
        for place, pair in enumerate(zip(*sides, strict=True)):
            for text, expected in zip(pair, ("positive", "negative"), strict=True):
                style = "plain" if place < 4 else "twisted"
                made.append((f"{kind}-{expected[:3]}-{place + 1}", kind, style, text, expected))
    return made


if __name__ == "__main__":
    with Path(__file__).with_name("sentiment.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "kind", "style", "text", "expected"))
        writer.writerows(rows())

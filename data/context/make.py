"""Writes context.csv: 120 questions on short texts; a quarter of them ask for what the text does not say.

    python data/context/make.py

The same file each time: names and numbers come from a fixed seed, and everything in the texts is invented. Wording is ours.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

NOT_THERE = "not in the text"
PEOPLE = (
    "Mara Lindt",
    "Tomas Reyer",
    "Ines Okoro",
    "Pavel Brandt",
    "Yuki Sanders",
    "Lena Moreau",
    "Idris Kaya",
    "Nora Feld",
)
TOWNS = ("Ostervik", "Belmora", "Kestrel Bay", "Tarnholm", "Vellingen", "Port Ardo", "Sunder", "Malvern Hook")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
Made = tuple[str, list[tuple[str, str]]]


def museum(pick: random.Random) -> Made:
    town, who, day = pick.choice(TOWNS), pick.choice(PEOPLE), pick.choice(DAYS)
    year, rooms, price = pick.randint(1880, 1990), pick.randint(4, 19), pick.randint(5, 18)
    text = (
        f"The harbour museum of {town} was opened in {year} in a former rope factory. Today it has {rooms} rooms, and its "
        f"director is {who}. A ticket costs {price} dollars; on every {day} the museum is closed."
    )
    return text, [
        ("In which year was the museum opened?", str(year)),
        ("Who is the director of the museum?", who),
        ("On which day is the museum closed?", day),
        ("How many people visit the museum in a year?", NOT_THERE),
    ]


def bakery(pick: random.Random) -> Made:
    town, who = pick.choice(TOWNS), pick.choice(PEOPLE)
    hour, loaves, flour = (
        pick.randint(3, 5),
        pick.randint(60, 400),
        pick.choice(("rye", "spelt", "barley", "oat")),
    )
    text = (
        f"{who} runs the only bakery of {town}. Work begins at {hour} in the morning, and on an ordinary day {loaves} loaves "
        f"leave the oven. The bread that sells best is made of {flour} flour; what is left in the evening goes to the school."
    )
    return text, [
        ("Who runs the bakery?", who),
        ("How many loaves leave the oven on an ordinary day?", str(loaves)),
        ("Of which flour is the bread that sells best?", flour),
        ("What does a loaf cost?", NOT_THERE),
    ]


def expedition(pick: random.Random) -> Made:
    who, other = pick.sample(PEOPLE, 2)
    days, metres, animals = (
        pick.randint(9, 80),
        pick.randint(18, 56) * 100,
        pick.choice(("mules", "camels", "dogs", "yaks")),
    )
    text = (
        f"The expedition led by {who} crossed the plateau in {days} days. At its highest point, {metres} metres above the sea, "
        f"the radio failed, and {other} repaired it with a hairpin. The luggage was carried by {animals}."
    )
    return text, [
        ("Who repaired the radio?", other),
        ("How many days did the crossing take?", str(days)),
        ("Which animals carried the luggage?", animals),
        ("What was the name of the plateau?", NOT_THERE),
    ]


def railway(pick: random.Random) -> Made:
    start, end, between = pick.sample(TOWNS, 3)
    minutes, bridges, colour = (
        pick.randint(35, 150),
        pick.randint(3, 24),
        pick.choice(("green", "blue", "yellow", "grey")),
    )
    text = (
        f"The narrow-gauge railway from {start} to {end} takes {minutes} minutes and crosses {bridges} bridges. The {colour} "
        f"carriages stop at {between} only when somebody waves. In winter no train runs."
    )
    return text, [
        ("How many bridges does the railway cross?", str(bridges)),
        ("Where does the train stop only when somebody waves?", between),
        ("Which colour do the carriages have?", colour),
        ("How much does a ticket cost?", NOT_THERE),
    ]


def orchestra(pick: random.Random) -> Made:
    town, who = pick.choice(TOWNS), pick.choice(PEOPLE)
    members, year = pick.randint(18, 70), pick.randint(1950, 2015)
    instrument = pick.choice(("harp", "bassoon", "glockenspiel", "tuba"))
    text = (
        f"The youth orchestra of {town} has {members} members and was founded in {year}. Because there was no money for a "
        f"{instrument}, the town's fire brigade gave a concert of its own and bought one. The conductor is {who}."
    )
    return text, [
        ("Which instrument did the fire brigade buy?", instrument),
        ("In which year was the orchestra founded?", str(year)),
        ("Who is the conductor?", who),
        ("How old is the youngest member?", NOT_THERE),
    ]


def lighthouse(pick: random.Random) -> Made:
    town, who = pick.choice(TOWNS), pick.choice(PEOPLE)
    steps, seconds, sea = (
        pick.randint(90, 260),
        pick.randint(4, 20),
        pick.choice(("seals", "puffins", "herons", "otters")),
    )
    text = (
        f"The lighthouse off {town} has {steps} steps and flashes every {seconds} seconds. Its last keeper, {who}, left it when "
        f"the lamp became automatic. Since then {sea} have been its only residents."
    )
    return text, [
        ("How many steps does the lighthouse have?", str(steps)),
        ("Who was its last keeper?", who),
        ("Which animals live at the lighthouse now?", sea),
        ("How far can its light be seen?", NOT_THERE),
    ]


KINDS: tuple[Callable[[random.Random], Made], ...] = (
    museum,
    bakery,
    expedition,
    railway,
    orchestra,
    lighthouse,
)


def rows() -> list[tuple[str, str, str, str, str, str]]:
    """(id, kind, answerable, context, question, expected): four questions on each of 30 texts."""
    pick, made = random.Random(20261127), []
    for kind in KINDS:
        for number in range(1, 6):
            text, asked = kind(pick)
            for place, (question, answer) in enumerate(asked, 1):
                name = f"{kind.__name__}-{number}-{place}"
                made.append(
                    (name, kind.__name__, "no" if answer == NOT_THERE else "yes", text, question, answer)
                )
    return made


if __name__ == "__main__":
    with Path(__file__).with_name("context.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "kind", "answerable", "context", "question", "expected"))
        writer.writerows(rows())

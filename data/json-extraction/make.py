"""Writes json-extraction.jsonl: 120 messages with the JSON that stands in them, thirty of each of four kinds.

    python data/json-extraction/make.py

The same file each time: names and numbers come from a fixed seed, and everything is invented. Wording is ours. A field that
the message leaves out is null.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = (
    "Ada Berg",
    "Bo Lindgren",
    "Chen Wei",
    "Dina Haddad",
    "Elif Aydin",
    "Femi Bello",
    "Goran Novak",
    "Hana Sato",
    "Ines Costa",
    "Jun Park",
)
GOODS = ("chairs", "lamps", "notebooks", "mugs", "umbrellas", "candles", "baskets", "frames")
COLOURS = ("red", "blue", "green", "white", "black", "yellow")
CITIES = ("Leeds", "Porto", "Graz", "Lyon", "Turku", "Ghent", "Bergen", "Padua")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
Made = tuple[str, dict[str, Any], str]


def order(pick: random.Random) -> Made:
    who, goods, city = pick.choice(NAMES), pick.choice(GOODS), pick.choice(CITIES)
    count, colour = pick.randint(2, 60), pick.choice((*COLOURS, None))
    thing = f"{colour} {goods}" if colour else goods
    text = pick.choice((
        f"Hello, this is {who}. Please send {count} {thing} to our shop in {city}. Thanks!",
        f"We need {count} {thing} in {city} as soon as you can. Regards, {who}",
        f"Order from {who}: {thing}, {count} pieces, to be delivered to {city}.",
    ))  # fmt: skip
    return (
        text,
        {"customer": who, "item": goods, "colour": colour, "quantity": count, "city": city},
        "customer, item, colour, quantity, city",
    )


def appointment(pick: random.Random) -> Made:
    who, day, hour = pick.choice(NAMES), pick.choice(DAYS), pick.randint(8, 17)
    half, room = pick.choice((0, 30)), pick.choice((None, pick.randint(101, 420)))
    time = f"{hour:02}:{half:02}"
    place = f" in room {room}" if room else ""
    text = pick.choice((
        f"{who} would like to see you on {day} at {time}{place}.",
        f"Reminder: meeting with {who}{place}, {day}, {time}.",
        f"Could we meet{place}? {day} at {time} suits me. Best, {who}",
    ))  # fmt: skip
    return text, {"person": who, "day": day, "time": time, "room": room}, "person, day, time, room"


def contact(pick: random.Random) -> Made:
    who, city = pick.choice(NAMES), pick.choice(CITIES)
    first, last = who.lower().split()
    mail = f"{first}.{last}@{pick.choice(('post', 'mail', 'office'))}.example"
    phone = pick.choice((None, f"{pick.randint(100, 999)} {pick.randint(1000, 9999)}"))
    call = f", or call {phone}" if phone else ""
    text = pick.choice((
        f"My name is {who} and I live in {city}. Write to {mail}{call}.",
        f"Please add {who} from {city} to the list: {mail}{call}.",
        f"New address of {who}: {mail}{call}. Home town: {city}.",
    ))  # fmt: skip
    return text, {"name": who, "email": mail, "phone": phone, "city": city}, "name, email, phone, city"


def expense(pick: random.Random) -> Made:
    who, city = pick.choice(NAMES), pick.choice(CITIES)
    amount, what = round(pick.uniform(4, 180), 2), pick.choice(("taxi", "hotel", "train", "lunch", "parking"))
    paid = pick.choice((True, False))
    state = "has been paid back" if paid else "has not been paid back yet"
    text = pick.choice((
        f"{who} spent {amount:.2f} euros on {what} in {city}; the sum {state}.",
        f"Expense report, {city}: {what}, {amount:.2f} euros, by {who}. It {state}.",
        f"In {city} {who} paid {amount:.2f} euros for {what}. The amount {state}.",
    ))  # fmt: skip
    return (
        text,
        {"person": who, "purpose": what, "amount": amount, "city": city, "paid_back": paid},
        "person, purpose, amount, city, paid_back",
    )


KINDS: tuple[Callable[[random.Random], Made], ...] = (order, appointment, contact, expense)


def rows() -> list[dict[str, Any]]:
    """Objects with id, kind, text, fields and expected; no text twice."""
    pick, made = random.Random(20261127), dict[str, dict[str, Any]]()
    for kind in KINDS:
        count = 0
        while count < 30:
            text, expected, fields = kind(pick)
            if text not in made:
                count += 1
                name = f"{kind.__name__}-{count:02}"
                made[text] = {
                    "id": name,
                    "kind": kind.__name__,
                    "text": text,
                    "fields": fields,
                    "expected": expected,
                }
    return list(made.values())


if __name__ == "__main__":
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
    Path(__file__).with_name("json-extraction.jsonl").write_text(lines, encoding="utf-8", newline="\n")

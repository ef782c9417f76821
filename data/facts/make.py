"""Writes facts.csv: 127 short questions whose answers do not change, asked without any text to look them up in.

    python data/facts/make.py

The questions were written by hand for this file. Each has one answer of a word or a number; `hard` marks what is not in
every school book.
"""

from __future__ import annotations

import csv
from pathlib import Path

CAPITALS = (
    ("France", "Paris", 0), ("Japan", "Tokyo", 0), ("Italy", "Rome", 0), ("Egypt", "Cairo", 0), ("Canada", "Ottawa", 1),
    ("Australia", "Canberra", 1), ("Argentina", "Buenos Aires", 1), ("Kenya", "Nairobi", 0), ("Norway", "Oslo", 0), ("Peru", "Lima", 0),
    ("Poland", "Warsaw", 0), ("Portugal", "Lisbon", 0), ("Thailand", "Bangkok", 0), ("Cuba", "Havana", 0), ("Greece", "Athens", 0),
    ("Denmark", "Copenhagen", 0), ("Ethiopia", "Addis Ababa", 1), ("Morocco", "Rabat", 1), ("New Zealand", "Wellington", 1),
    ("Nepal", "Kathmandu", 1), ("Finland", "Helsinki", 0), ("Hungary", "Budapest", 0), ("Ireland", "Dublin", 0), ("Chile", "Santiago", 0),
)  # fmt: skip
SYMBOLS = (
    ("hydrogen", "H", 0), ("oxygen", "O", 0), ("carbon", "C", 0), ("gold", "Au", 0), ("silver", "Ag", 0), ("iron", "Fe", 0),
    ("sodium", "Na", 1), ("potassium", "K", 1), ("lead", "Pb", 1), ("tin", "Sn", 1), ("copper", "Cu", 0), ("mercury", "Hg", 1),
    ("helium", "He", 0), ("tungsten", "W", 1),
)  # fmt: skip
CONTINENTS = (
    ("Kenya", "Africa", 0), ("Peru", "South America", 0), ("Vietnam", "Asia", 0), ("Portugal", "Europe", 0), ("Nigeria", "Africa", 0),
    ("Bolivia", "South America", 1), ("Nepal", "Asia", 0), ("Mexico", "North America", 0), ("Chad", "Africa", 1), ("Latvia", "Europe", 1),
)  # fmt: skip
AUTHORS = (
    ("the play “Hamlet”", "Shakespeare", 0), ("the novel “Pride and Prejudice”", "Austen", 0), ("the novel “Oliver Twist”", "Dickens", 0),
    ("the novel “War and Peace”", "Tolstoy", 0), ("the novel “Don Quixote”", "Cervantes", 1), ("the novel “Moby-Dick”", "Melville", 1),
    ("the poem “The Divine Comedy”", "Dante", 1), ("the novel “Frankenstein”", "Shelley", 1), ("the novel “Dracula”", "Stoker", 1),
    ("the novel “Les Misérables”", "Hugo", 0), ("the play “Faust”", "Goethe", 1), ("the novel “The Trial”", "Kafka", 1),
)  # fmt: skip
YOUNG = (
    ("dog", "puppy", 0), ("cat", "kitten", 0), ("cow", "calf", 0), ("sheep", "lamb", 0), ("horse", "foal", 0), ("frog", "tadpole", 0),
    ("goat", "kid", 1), ("swan", "cygnet", 1), ("deer", "fawn", 1), ("hare", "leveret", 1),
)  # fmt: skip
OTHERS = (
    ("numbers", "How many sides does a hexagon have?", "6", 0),
    ("numbers", "How many degrees do the angles of a triangle add up to?", "180", 0),
    ("numbers", "What is the smallest prime number?", "2", 0),
    ("numbers", "What is the square root of 144?", "12", 0),
    ("numbers", "How many faces does a cube have?", "6", 0),
    ("numbers", "How many zeros does a million have?", "6", 0),
    ("numbers", "What is 15 percent of 200?", "30", 0),
    ("numbers", "Which number do the Roman numerals XIV stand for?", "14", 0),
    ("numbers", "How many edges does a cube have?", "12", 1),
    ("numbers", "What is 2 to the power of 5?", "32", 0),
    ("numbers", "How many days does a leap year have?", "366", 0),
    ("numbers", "How many days does September have?", "30", 0),
    ("space", "Which planet is the nearest to the Sun?", "Mercury", 0),
    ("space", "Which planet is the largest in the solar system?", "Jupiter", 0),
    ("space", "Which planet is known as the red planet?", "Mars", 0),
    ("space", "What is the name of the galaxy in which the Earth is?", "Milky Way", 0),
    ("space", "How many planets does the solar system have?", "8", 0),
    ("space", "Which planet does the moon Titan circle?", "Saturn", 1),
    ("space", "Who was the first person to walk on the Moon?", "Armstrong", 0),
    ("space", "Who was the first human in space?", "Gagarin", 1),
    ("body", "Which organ pumps the blood through the body?", "heart", 0),
    ("body", "How many bones does the skeleton of an adult have?", "206", 1),
    ("body", "What is the longest bone of the human body?", "femur", 1),
    ("body", "Which organ cleans the blood and makes urine?", "kidney", 0),
    ("body", "How many chambers does the human heart have?", "4", 0),
    ("body", "Which vitamin does the skin make in sunlight?", "D", 0),
    ("body", "What is the largest organ of the human body?", "skin", 1),
    ("nature", "Which gas do plants take in for photosynthesis?", "carbon dioxide", 0),
    ("nature", "At how many degrees Celsius does water boil at sea level?", "100", 0),
    ("nature", "At how many degrees Fahrenheit does water freeze?", "32", 1),
    ("nature", "How many legs does a spider have?", "8", 0),
    ("nature", "How many legs does an insect have?", "6", 0),
    ("nature", "What is the largest animal on Earth?", "blue whale", 0),
    ("nature", "What is the hardest natural mineral?", "diamond", 0),
    ("nature", "Which gas makes up most of the air?", "nitrogen", 1),
    ("nature", "What do bees make from nectar?", "honey", 0),
    ("nature", "Which bird is the largest that lives?", "ostrich", 0),
    ("geography", "Which ocean is the largest?", "Pacific", 0),
    ("geography", "Which mountain is the highest above the sea?", "Everest", 0),
    ("geography", "In which country is the Taj Mahal?", "India", 0),
    ("geography", "Which river flows through London?", "Thames", 0),
    ("geography", "Which desert covers most of North Africa?", "Sahara", 0),
    ("geography", "Which strait separates Spain from Morocco?", "Gibraltar", 1),
    ("geography", "Which country has the shape of a boot?", "Italy", 0),
    ("geography", "Which sea lies between Europe and Africa?", "Mediterranean", 0),
    ("history", "In which year did the First World War begin?", "1914", 0),
    ("history", "In which year did the Second World War end?", "1945", 0),
    ("history", "In which year did the Berlin Wall fall?", "1989", 0),
    ("history", "In which year did Columbus first reach America?", "1492", 0),
    ("history", "In which year did the French Revolution begin?", "1789", 1),
    ("history", "Who was the first president of the United States?", "Washington", 0),
    ("history", "In which year did people first land on the Moon?", "1969", 0),
    ("history", "Which people built Machu Picchu?", "Inca", 1),
    ("arts", "Who painted the Mona Lisa?", "Leonardo", 0),
    ("arts", "Who composed the opera “The Magic Flute”?", "Mozart", 1),
    ("arts", "How many strings does a violin have?", "4", 0),
    ("arts", "Who painted “The Starry Night”?", "Gogh", 0),
)  # fmt: skip


def rows() -> list[tuple[str, str, str, str, str]]:
    """(id, topic, level, question, expected)."""
    made = [
        ("capitals", f"What is the capital of {country}?", city, hard) for country, city, hard in CAPITALS
    ]
    made += [
        ("chemistry", f"What is the chemical symbol of {name}?", symbol, hard)
        for name, symbol, hard in SYMBOLS
    ]
    made += [
        ("continents", f"On which continent is {country}?", place, hard)
        for country, place, hard in CONTINENTS
    ]
    made += [("authors", f"Who wrote {work}?", author, hard) for work, author, hard in AUTHORS]
    made += [("animals", f"What is a young {animal} called?", young, hard) for animal, young, hard in YOUNG]
    made += OTHERS
    numbers: dict[str, int] = {}
    found = []
    for topic, question, expected, hard in made:
        numbers[topic] = numbers.get(topic, 0) + 1
        found.append((f"{topic}-{numbers[topic]:02}", topic, "hard" if hard else "usual", question, expected))
    return found


if __name__ == "__main__":
    with Path(__file__).with_name("facts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "topic", "level", "question", "expected"))
        writer.writerows(rows())

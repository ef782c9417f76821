"""ART's task library: solved tasks with their programs, of kinds that need different tools.

Each program is one that the tools really give these results for; a test runs them.
"""

from __future__ import annotations

TASKS: tuple[dict[str, str], ...] = (
    {
        "task": "A shop sells 6 bags with 15 apples each. 20 apples are bad. How many are good?",
        "program": "step 1: count all apples\ncalculator: 6 * 15\nresult: 90\n"
        "step 2: take away the bad ones\ncalculator: 90 - 20\nresult: 70\nanswer: 70",
    },
    {
        "task": "A coat costs 80 euros. It is 15% cheaper today. What does it cost?",
        "program": "step 1: find the discount\ncalculator: 80 * 15 / 100\nresult: 12\n"
        "step 2: take it off\ncalculator: 80 - 12\nresult: 68\nanswer: 68",
    },
    {
        "task": "A train runs 210 km in 3 hours. How far does it run in 5 hours at the same speed?",
        "program": "step 1: find the speed\ncalculator: 210 / 3\nresult: 70\n"
        "step 2: multiply it by the hours\ncalculator: 70 * 5\nresult: 350\nanswer: 350",
    },
    {
        "task": "The numbers are 4, 9 and 11. What is their mean?",
        "program": "step 1: add them and divide by how many they are\n"
        "calculator: (4 + 9 + 11) / 3\nresult: 8\nanswer: 8",
    },
    {
        "task": "Do these numbers add up to an even number: 3, 8, 15, 6?",
        "program": "step 1: add them\ncalculator: 3 + 8 + 15 + 6\nresult: 32\n"
        "step 2: divide by two and look at what is left\ncalculator: 32 % 2\nresult: 0\n"
        "step 3: nothing is left, so the sum is even\nanswer: yes",
    },
    {
        "task": "What is the third letter of the word planet?",
        "program": "step 1: spell it: p, l, a, n, e, t\nstep 2: the third is a\nanswer: a",
    },
    {
        "task": "小红有5盒铅笔，每盒12支，送给同学17支，还剩多少支？",
        "program": "step 1: 先算一共有多少支\ncalculator: 5 * 12\nresult: 60\n"
        "step 2: 减去送出的\ncalculator: 60 - 17\nresult: 43\nanswer: 43",
    },
    {
        "task": "一本书240页，已经看了三分之一，还剩多少页？",
        "program": "step 1: 先算看了多少页\ncalculator: 240 / 3\nresult: 80\n"
        "step 2: 从总页数中减去\ncalculator: 240 - 80\nresult: 160\nanswer: 160",
    },
)

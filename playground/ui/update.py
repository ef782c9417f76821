"""What travels to the page: an update names what changes there, and nothing else does.

    {"html": {"hist-count": "3 runs"}, "toast": "Note kept"}

The page's script shows it (assets/updates.js); a test compares these keys with those that the script reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict


class Alert(TypedDict):
    """What went wrong, and what to do next; plain text."""

    message: str
    hint: str


class _DrawerBody(TypedDict):
    title: str
    body: str


class Drawer(_DrawerBody, total=False):
    """The panel on the right: a title as plain text, its body and foot as escaped markup."""

    foot: str
    narrow: bool


class _Doing(TypedDict):
    label: str
    act: str


class Doing(_Doing, total=False):
    """A button: its label, the action that it asks for, and what goes along."""

    prompt: str
    token: str
    draft: str
    of_label: str
    number: str
    dataset: str


class View(TypedDict):
    """Another view of a column's answer: "md" is Markdown, "heat" its token probabilities."""

    column: int
    html: str
    kind: str


# `for` is a word of Python's own: seconds that it has been running.
ColumnState = TypedDict(
    "ColumnState", {"kind": str, "icon": str, "text": str, "say": NotRequired[str], "for": NotRequired[float]}
)


class Mark(TypedDict):
    """One sample of a column, from its repeat: how it stands, and the words for it."""

    repeat: int
    kind: str
    icon: str
    say: str


class Strip(TypedDict):
    """What stands above the samples of a column; `open` is whether some are not over, and may be stopped."""

    count: int
    marks: Sequence[Mark]
    words: str
    equal: str
    open: bool


class ColumnPart(TypedDict, total=False):
    """What changes in one column; what is left out stays."""

    text: str
    """The whole answer."""
    grow: str
    """What has been added to the answer."""
    think: tuple[int, str]
    """Live thoughts: from which character on, and what has been added; 0 begins them anew."""
    reasoning: str
    """Markup of what the model thought."""
    state: ColumnState
    """Kind, icon, words, the sentence that a screen reader hears, and `for` how many seconds it has been running."""
    badges: str
    """Markup in the column's head: what was cut, different or ignored."""
    problem: str
    """Markup of the error under the answer."""
    foot: str | None
    """Markup of the readings; None draws the empty places."""
    waits: str
    """What the column waits for while there is no text."""
    samples: Strip
    """Of a column with several samples (`ui/samples.py`): how many, a mark for each, what they come to."""
    trace: str
    """Markup of the steps of a technique, above the answer."""
    stamp: str
    """A state of the column: one that the page has shown is not drawn again."""


class Into(TypedDict):
    """A prompt that a column takes, as in `ColumnForm`; `values` fill variables that have none yet."""

    column: int
    turns: Sequence[Mapping[str, Any]]
    inputs: Sequence[Mapping[str, Any]]
    output_schema: Mapping[str, Any] | None
    source: Mapping[str, Any] | None
    asks: Mapping[str, Any]
    technique: Mapping[str, Any] | None
    values: Mapping[str, Any]


class Answered(TypedDict):
    """An answer as a template that renders to it, for its column or, `everywhere`, for all."""

    column: int
    template: str
    everywhere: bool


class Update(TypedDict, total=False):
    """Every key that the page understands."""

    alert: Alert
    """Shown in the open drawer, else in the tab in view."""
    toast: str
    """A few words that go away by themselves."""
    toast_act: Doing
    """What can be done about what the toast says, such as Undo."""
    kept: str
    """The id under which a draft is kept now, or the hash of an image of one."""
    download: str
    """A file of this server that the browser saves."""
    copy: str
    """Text for the clipboard."""
    html: Mapping[str, str]
    """Markup by the id of the element that holds it; ids that are not on the page are passed over."""
    drawer: Drawer | None
    """The drawer that opens; None closes it."""
    tab: str
    """The tab that comes to the front, by its name."""
    again: str
    """An action that the page asks for next, with the Library's filters."""

    form: dict[str, Any]
    """The Compare tab's form (`CompareForm`), which replaces the one on screen."""
    replaces: bool
    """Whether the form is another prompt's or run's: what still writes is left, images go."""
    saved: dict[str, Any]
    """Fields of the form that saving has changed: prompt_id, version, origin."""
    saved_prompt: dict[str, Any]
    """Fields of the form's prompt that saving has changed: its name."""
    into: Into
    """A prompt for one column; the rest of the form stays."""
    answered: Answered
    """An answer that becomes a turn."""
    prompts: Sequence[Mapping[str, Any]]
    """Groups of prompts that a column can choose."""
    plan: dict[str, Any] | None
    """The experiment that is being set up, which replaces the form's; None is none."""
    only_at: str
    """The page of the Experiments tab that this is for: it is passed over when another is open by now."""
    experiment: str
    """What the Experiments tab shows: "" the list, "setup", or an experiment by its id."""
    run: str | None
    """The run on screen; None is none."""
    stream: str
    """Which stream this came by; the page passes over those that it has left."""
    seq: int
    """The number of this paint in its stream, from 1: a gap tells the page that it missed one."""
    whole: bool
    """Everything that the stream can tell, in place of what is new."""
    over: bool
    """The last paint of its stream: nothing of the run goes on any more."""
    anew: bool
    """The stream that the page asks about is no more: it looks at the run anew."""
    live: Sequence[str]
    """The runs of which something goes on now, by their ids; the page looks at the one on screen."""
    elsewhere: bool
    """Another program runs the one on screen: the page looks again now and then."""
    not_started: bool | Sequence[int]
    """A run could not start: all columns that wait, or these, go back to what they were."""
    columns: Mapping[str, ColumnPart]
    """What changes in the columns, by their number from 0; by "column/repeat" in one of several samples."""
    vote: str
    """Markup of the bar under the columns."""
    view: View
    """Another view of one answer."""

    models: Sequence[Mapping[str, str]]
    """What a column can choose; comes with presets, scorers and foot when the page opens."""
    choices: Sequence[Mapping[str, str]]
    """The models anew, when a server or file came or went."""
    presets: Mapping[str, Any]
    """Samplings by name."""
    scorers: Sequence[Mapping[str, Any]]
    """Kinds of checks with their options."""
    terms: Mapping[str, str]
    """A sentence for each term that has no plain name."""
    words: Mapping[str, Any]
    """Filters, tests and tags that a template knows, each with a word on what it does."""
    foot: str
    """Markup of a column's foot before its answer."""
    closed: Sequence[str]
    """Actions that this visitor may not use."""
    closed_why: str
    """The sentence that their buttons show."""

    cases_run: str
    """The run over all cases that has begun."""
    cases_state: Mapping[str, Any]
    """What each case has come to in each column of such a run."""
    techniques: Sequence[Mapping[str, Any]]
    """Techniques that a column can choose: their options, their steps, what each lacks."""
    ordered: str
    """Why the techniques are in this order; "" for their own."""
    forks: Sequence[str]
    """Saved prompts that can stand in for a step of a technique."""
    documents: Sequence[Mapping[str, Any]]
    """Documents that are kept: hash, name, size, and passages with the options of the technique that asks."""
    technique_problem: str
    """Why the technique of a column cannot run as it is told; "" when it can."""
    names: Sequence[Mapping[str, str]]
    """Prompts that a tag can include, by what it calls them."""
    preview: Mapping[str, Any]
    """What the server says of the text being typed: variables, problems, advice, tokens, messages."""
    kind: str
    """What a dropped file holds: "cases" or "prompts"."""
    imported: Mapping[str, Any]
    """Cases and checks that a file held, and what was left out."""
    sheet: Mapping[str, Any]
    """What the Data tab asked about a data set: its state, some of its rows, one of them, or what was done to it."""

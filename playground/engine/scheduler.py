"""Continuous batching: many answers grow in the same decode calls, on a shared KV cache. Runs in the child, knows no pipes.

    scheduler.submit(request, prompt)      joins between two steps
    scheduler.step() → [Piece, Done, …]    one token for every answer, some rows of prompts
    scheduler.cancel(id) → Done | None     leaves between two steps

Every step is one call: a row of each answer that is being written, then rows of prompts, oldest request first; or whole tiles of
long prompts. While there is work for both they alternate. Which rows may
share a call is the business of `rules.py` and `calls.py`; where these rules hold, an answer has the same bits in any company,
and nothing that follows can be seen in it. What a prompt shares with anything in the cache is not computed again
(`prefix_tree.py`); what waiting prompts share with each other is computed once, by the first of them. Requests that somebody
waits for go before those of the background: they take the places of the youngest of these, which later go on where they were.
Somebody who waits for a first token waits for that alone: the first call of a prompt, and every second one after it, has no rows
of answers, and a call that is under way without any prompt of his kind is given up when he comes.

An answer that must not be computed beside others has the only seat: `one_seat.py`, the same loop with one answer at a time.

Cells are handed out in order and never singly given back. When they are used up, by ended answers for the most part, all are
forgotten and what still runs is read again, which gives the same bits. A request joins only where it probably ends before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from playground.engine.calls import OWN_SEQUENCES, Calls
from playground.engine.context import STEP_ROWS, Row
from playground.engine.grammar import Guide
from playground.engine.guesses import Guesses, Heard
from playground.engine.job import Event, Job
from playground.engine.prefix_tree import PrefixTree, common_length, usable
from playground.engine.protocol import Done, Generate
from playground.engine.rules import LONE_CELLS, Rules
from playground.engine.run import Run, dealt, rows_of
from playground.engine.sampler import draw, free_chain, new_chain
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Picture

_WORTH_WAITING = 16  # shared tokens still to be computed by another request for which it pays to wait
_WORTH_KEEPING = 32  # cached tokens of its beginning for which a lone prompt does without an empty cache
_PASSED = 20_000  # cells of others that a row goes past in the time that another row takes
_USUAL_ANSWER = 512  # tokens that an answer is expected to grow by at most: most end long before their limit
_MOST_SEQUENCES = 256  # of llama.cpp
_MOST_GUESSES = 7  # rows with a lone answer: a call of eight takes as long as two to four of one


class Model(Protocol):
    """What the scheduler needs of `LoadedModel`."""

    vocabulary: Vocabulary
    context_tokens: int
    cells: int
    parallel: int
    threads: int
    shares_prefixes: bool

    def new_context(self, cells: int, sequences: int, *, least_rows: int = 0) -> Any: ...  # noqa: D102


class Scheduler:
    """All requests of one model that share calls under `rules`. `close` frees the cache."""

    def __init__(self, model: Model, rules: Rules) -> None:
        self._model = model
        self._rules = rules
        self._seats = model.parallel
        self._shares_prefixes = model.shares_prefixes
        self._set_up()
        self._running: list[Run] = []  # both lists: the first is served first
        self._waiting: list[Run] = []
        self._heard = Heard()
        self._count = 0
        self._turn = 0
        self._in_tiles = self._reads_alone = False  # the last call
        self._gave_way = False  # the last call without a prompt that somebody waits for

    def _set_up(self, cells: int = 0, least_rows: int = 0) -> None:
        """A new cache, with nothing in it. Raises BackendError when there is no memory for it."""
        # Each answer needs a sequence; as many again keep ended ones for later prompts.
        sequences = 2 * self._seats + 16 if self._shares_prefixes else self._seats
        sequences = min(_MOST_SEQUENCES, sequences + OWN_SEQUENCES)
        cells = (cells or self._model.cells) + self._rules.spare
        context = self._model.new_context(cells, sequences, least_rows=least_rows)
        self._calls = Calls(context, self._rules, self._model.threads, keeps_order=self._shares_prefixes)
        self.cells: int = min(self._calls.cells, self._model.cells)
        self.tree = self._new_tree()

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self._running and not self._waiting

    @property
    def used(self) -> int:
        """Cells that are taken: handed out since all were free, or in use where they are freed singly."""
        return self._calls.used if self._shares_prefixes else self.tree.cells

    def submit(
        self,
        request: Generate,
        prompt: list[int],
        guide: Guide | None = None,
        adapter: Any = None,
        pictures: Sequence[Picture] = (),
    ) -> None:
        """Queue a request; `prompt` has 1 to context_tokens - 1 token ids. Raises BackendError for a bad grammar."""
        chain = new_chain(request, self._model.vocabulary)
        self._count += 1
        tiled = self._rules.tiled(len(prompt))
        job = Job(
            request, self._count, [*(~token for token in prompt[:tiled]), *prompt[tiled:]], chain, guide
        )
        run = Run(job, adapter, pictures, request.family, tiled, guesses=Guesses(self._heard))
        self._wait(run)

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when there is no such request any more."""
        for run in (*self._running, *self._waiting):
            if run.job.request.id == request_id:
                return self._end(run, "cancelled")
        return None

    def step(self) -> list[Event]:
        """Admit, decode, sample; what happened, in order."""
        self._admit()
        shares = self._shares()
        while self._used_after(shares) > self.cells and self._make_room():
            shares = self._shares()
        if not shares:
            return []
        guesses = self._guesses(shares)
        rows = [row for run, share in shares for row in rows_of(run, share)] + guesses
        is_awaited = any(run.is_awaited for run, _ in shares)
        code = self._calls.decode(
            rows, gives_way=self._shares_prefixes and not is_awaited and not self._gave_way
        )
        if not is_awaited:
            self._gave_way = code == 2
        if code != 0:
            return self._recover(code, [run for run, _ in shares])
        events: list[Event] = []
        end = 0
        for run, share in shares:
            end += share
            assert run.leaf
            self.tree.grow(run.leaf, run.job.tokens[run.computed : run.computed + share])
            if run.computed == len(run.job.tokens):
                events += self._advance(run, end - 1)
        return events + self._settle(shares[0][0], guesses)

    def _guesses(self, shares: list[tuple[Run, int]]) -> list[Row]:
        """Rows of what an answer may say next, where it is alone: those that must keep it company, more where it repeats itself."""
        run = shares[0][0]
        if len(shares) > 1 or not run.is_writing or not run.leaf:
            return []
        if not self._shares_prefixes or self._rules.least < 2:
            return []  # a wrong one could not be taken back, or company might change bits
        job, at = run.job, len(run.job.tokens)
        left = min(job.request.max_tokens - job.answer_tokens, self._model.context_tokens - at)
        most = min(_MOST_GUESSES, left - 1, self.cells - self.used - 1)
        found = run.guesses.after(job.tokens, self._calls.lacking, most)
        return [Row(token, at + i, run.leaf.sequence, True) for i, token in enumerate(found)]

    def _settle(self, run: Run, guesses: list[Row]) -> list[Event]:
        """Go on where guesses came true, and take back the cells of the others."""
        events: list[Event] = []
        for n, guess in enumerate(guesses):
            if run.leaf is None or run.job.tokens[-1] != guess.token:
                self._calls.take_back(guess.sequence, guess.position, len(guesses) - n)
                break
            self.tree.grow(run.leaf, [guess.token])
            events += self._advance(run, n + 1)
        return events

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from the next step on."""
        self._calls.use_threads(threads)

    def close(self) -> None:
        """Free the cache; the object is unusable afterwards."""
        self._calls.close()

    # --- who runs -------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Start waiting requests in their order, as far as answers, sequences and cells allow."""
        for run in list(self._waiting):
            if self._waits_for_another(run.job):
                continue  # the prefix is on its way; the others need not wait for it
            if not self._has_place(run):
                return
            if self._is_worth_forgetting(run):
                self._forget_all()
                return self._admit()
            if not self._has_cells(run):
                return
            if not self._open(run):
                return
            self._waiting.remove(run)
            self._running.append(run)
            self._running.sort(key=lambda r: r.rank)
        return None

    def _open(self, run: Run) -> bool:
        """Give it a place in the cache; False when there is none."""
        run.leaf = self.tree.open(run.job.tokens)
        if run.leaf and not run.job.answer_tokens:
            run.reused = max(run.reused, run.leaf.start)
        return run.leaf is not None

    def _has_place(self, run: Run) -> bool:
        """Whether one more answer may run. One that somebody waits for takes the places of those of the background."""
        while self._running and (len(self._running) >= self._seats or not self._has_cells(run)):
            if run.job.request.background or not self._running[-1].job.request.background:
                break
            self._put_back(self._running[-1])
        return len(self._running) < self._seats

    def _has_cells(self, run: Run) -> bool:
        """Whether it probably ends in the cells that are left."""
        new = self._need(run, self.tree.longest(run.job.tokens).length)
        return not self._running and not self.used or self.used + self._promised() + new <= self.cells

    def _is_worth_forgetting(self, run: Run) -> bool:
        """Whether there are cells for it once those of ended answers are free, and more of these than must be read again.

        Where there are cells already: whether to go past those of ended answers, in every row, would take longer than to read
        again what it shares with them.
        """
        kept = self.tree.open_cells()
        ended = self.used - kept
        if not ended or ended < kept:
            return False
        if self._has_cells(run):
            if self._running:
                return False
            there = self.tree.longest(run.job.tokens).length
            is_short = self._rules.lone and len(run.job.tokens) <= LONE_CELLS // 2 < self.used
            passing = self._need(run, there) * ended // _PASSED
            return there < max(
                _WORTH_KEEPING if is_short else 0, passing
            )  # a short one needs no second row so far
        return not self._running or kept + self._promised() + self._need(run, 0) <= self.cells

    def _promised(self) -> int:
        """Cells that those who run will probably take yet."""
        return sum(self._need(run, run.computed) for run in self._running)

    def _need(self, run: Run, there: int) -> int:
        """Cells that it will probably take when so many of its tokens are there already."""
        alternates = self._running and not run.job.request.background
        unread = max(0, run.tiled - there) // 2 if alternates else 0  # between its tiles
        return len(run.job.tokens) - there + self._growth(run.job) + unread

    def _growth(self, job: Job) -> int:
        """Cells that an answer is expected to take yet; one that had to leave before is not put at risk again."""
        left = min(job.request.max_tokens - job.answer_tokens, self._model.context_tokens - len(job.tokens))
        return min(left, _USUAL_ANSWER) if not job.has_left else left

    def _waits_for_another(self, job: Job) -> bool:
        """Whether a running request is about to compute much more of this prompt's beginning than there is."""
        if not self._shares_prefixes:
            return False
        there = self.tree.longest(job.tokens).length
        for other in self._running:
            if not other.is_writing:
                common = common_length(other.job.tokens, job.tokens)
                common = usable(job.tokens, min(common, len(job.tokens) - 1))
                if common > other.computed and common - there >= _WORTH_WAITING:
                    return True
        return False

    # --- what a step computes -------------------------------------------------------------------------------

    def _shares(self) -> list[tuple[Run, int]]:
        """Who takes part in the next call with how many tokens: a row of each answer, then prompts as far as they fit."""
        tiling = [run for run in self._running if run.to_tile]
        writing = [run for run in self._running if run.is_writing]
        reading = [run for run in self._running if not run.is_writing and not run.to_tile]
        watched = any(not run.job.request.background for run in (*writing, *reading))
        self._in_tiles = bool(tiling) and not (watched and self._in_tiles)
        if self._in_tiles:
            return dealt(tiling, [run.to_tile for run in tiling], STEP_ROWS)
        awaited = [run for run in reading if run.is_awaited] if writing and not tiling else []
        self._reads_alone = bool(awaited) and not self._reads_alone
        if self._reads_alone:
            return dealt(awaited, [run.to_read for run in awaited], self._rules.most)
        most = self._rules.most - bool(reading)
        if len(writing) > most:  # by turns
            self._turn = (self._turn + most) % len(writing)
            writing = [*writing[self._turn :], *writing[: self._turn]][:most]
        runs = [*writing, *reading]
        return dealt(runs, [run.to_read for run in runs], self._rules.most)

    def _used_after(self, shares: list[tuple[Run, int]]) -> int:
        """Cells that are taken once these have their rows."""
        rows = sum(share for _, share in shares)
        return self.used + self._calls.padding(rows) + rows

    def _make_room(self) -> bool:
        """Free some cells; False when one request is all there is."""
        is_alone = len(self._running) < 2
        ended = self.used - self.tree.open_cells()
        if is_alone and not ended:
            return False
        if not is_alone and 2 * ended < self.used:
            self._put_back(self._running[-1])
        if self._shares_prefixes:
            self._forget_all()
        return True

    def _put_back(self, run: Run) -> None:
        run.job.has_left = True
        self._release(run)
        self._wait(run)

    def _forget_all(self) -> None:
        """Free every cell; what runs is admitted and read again, and goes on with the same bits."""
        for run in self._running:
            run.leaf = None
            self._wait(run)
        self._running = []
        self._calls.clear()
        self.tree = self._new_tree()

    def _new_tree(self) -> PrefixTree:
        return PrefixTree(self._calls, shares=self._shares_prefixes)

    def _wait(self, run: Run) -> None:
        self._waiting.append(run)
        self._waiting.sort(key=lambda r: r.rank)

    # --- what becomes of it ---------------------------------------------------------------------------------

    def _advance(self, run: Run, row: int, logits: Any = None) -> list[Event]:
        """Take one more token into an answer, drawn from the last call, or from `logits` of one before."""
        job, vocabulary = run.job, self._model.vocabulary
        try:
            token, scores = draw(
                logits or self._calls, job.chain, row, job.request.top_logprobs, vocabulary, job.guide
            )
            events = job.take(token, vocabulary, self._model.context_tokens, scores)
        except BackendError as exc:
            self._end(run)
            return [job.refused(exc)]
        return [*events, self._end(run)] if job.finish else events

    def _end(self, run: Run, finish: str = "") -> Done:
        self._heard.take(run.job.tokens[max(0, run.job.prompt_tokens - 3) :])
        self._release(run)
        free_chain(run.job.chain)
        return run.job.done(run.reused, finish)

    def _release(self, run: Run) -> None:
        """Take the request out of its list; its branch stays in the cache, closed."""
        if run.leaf:
            self._running.remove(run)
            self.tree.close(run.leaf)
            run.leaf = None
        else:
            self._waiting.remove(run)

    def _recover(self, code: int, runs: list[Run]) -> list[Event]:
        """Events when llama.cpp did not decode the rows of these requests."""
        if code == 1 and self._make_room():  # no cells although the count said so: make room and try again
            return []
        for run in runs:
            assert run.leaf
            self.tree.rewind(run.leaf, None if self._model.shares_prefixes else 0)  # a state has changed
        if code == 2:  # interrupted for a cancellation: the next step repeats it
            return []
        events: list[Event] = []
        for run in runs:
            self._end(run)
            events.append(run.job.failed(code))
        return events

"""The routes beside the page: its scripts and styles, exports as downloads, and files that are dropped on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import quote

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from playground.errors import NotFoundError, PlaygroundError
from playground.runs.answers import FILES, TABLES, table_pieces
from playground.store.records import StoredRun
from playground.tables.registry import FORMATS
from playground.translation.shown import chinese
from playground.types.files import ExportFile
from playground.ui import languages, library
from playground.ui.alerts import to_alert
from playground.ui.bundling import bundle_file
from playground.ui.dataset_import import take_upload
from playground.ui.dataset_more import dataset_export
from playground.ui.drafts import Sent, keep
from playground.ui.history import csv_of
from playground.ui.importing import take_in
from playground.ui.scripts import Scripts
from playground.ui.styles import Styles
from playground.ui.verdict_files import verdict_file
from playground.workbench.service import Workbench


def add_routes(api: FastAPI, workbench: Workbench, scripts: Scripts, styles: Styles) -> None:
    """Our scripts and styles by version and name, and exports as downloads."""

    @api.exception_handler(PlaygroundError)
    async def refused(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, PlaygroundError)
        return refuse(exc, in_chinese=languages.reads_chinese(request))

    @api.get("/playground/{name}")
    @api.get("/playground/{version}/{name}")
    async def script(name: str, version: str = "") -> Response:
        found, kind = scripts.at(name, version), "text/javascript"
        if found is None:
            found, kind = styles.at(name, version), "text/css"
        if found is None:
            return PlainTextResponse("Not found.\n", 404)
        body, kept = found
        return Response(body, media_type=kind, headers={"cache-control": kept})

    @api.get("/files/words/{name}")
    def words(name: str) -> Response:  # in a thread of its own: the first time it is made
        return languages.words(name) or PlainTextResponse("Not found.\n", 404)

    @api.get("/files/run/{run_id}/{column}/{format_name}")
    async def run_file(run_id: str, column: int, format_name: str, repeat: int | None = None) -> Response:
        return download(await workbench.runs.export_cell(run_id, column, format_name, repeat))

    @api.get("/files/run/{run_id}/answers.{ending}")
    async def answers_file(run_id: str, ending: str) -> Response:
        if ending not in FILES and ending not in TABLES:
            return PlainTextResponse("Not found.\n", 404)
        run = await workbench.runs.get(run_id)
        headers = {"content-disposition": f"attachment; filename=run-{run.id}.{ending}"}
        names = await asyncio.to_thread(workbench.history.variant_names, run.id)
        if ending in TABLES:
            pieces = table_pieces(ending, run, lambda: workbench.history.answers(run.id), names)
            first = await asyncio.to_thread(next, pieces)  # what does not fit is said before anything is sent
            whole = chain([first], pieces)
            return StreamingResponse(whole, media_type=FORMATS[ending].media_type, headers=headers)
        body = answers_of(workbench, run, ending, names)
        return StreamingResponse(body, media_type=FILES[ending][0], headers=headers)

    @api.get("/files/experiment/{experiment_id}/{name}")
    async def experiment_file(experiment_id: str, name: str, request: Request) -> Response:
        reads_chinese = languages.reads_chinese(request)
        look = str(request.query_params)
        return download(await verdict_file(workbench, experiment_id, name, look, chinese=reads_chinese))

    @api.get("/files/history.csv")
    def history_csv(request: Request) -> Response:
        headers = {"content-disposition": "attachment; filename*=UTF-8''history.csv"}
        lines = (line.encode(errors="replace") for line in csv_of(workbench, request.query_params))
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    @api.get("/files/library.csv")
    def library_csv(request: Request) -> Response:
        headers = {"content-disposition": "attachment; filename*=UTF-8''library.csv"}
        lines = (line.encode(errors="replace") for line in library.csv_of(workbench, request.query_params))
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    @api.get("/files/bundle/{token}")
    async def bundle(token: str) -> Response:
        name, data = bundle_file(workbench, token)
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return Response(data, media_type="application/zip", headers=headers)

    @api.post("/library/incoming")
    async def incoming(request: Request) -> Response:
        body = await request.body()  # the guard has counted it
        return JSONResponse({"token": await take_in(workbench, body)})

    @api.post("/library/table")
    async def table(request: Request, name: str = "") -> Response:
        """A file of rows, as its bytes; it is looked at before anything of it is stored."""
        body = await request.body()  # the guard has counted it
        token = await asyncio.to_thread(take_upload, workbench, name, body)
        return JSONResponse({"token": token})

    @api.get("/files/dataset/{dataset_id}/{format_name}")
    async def dataset_file(
        dataset_id: str, format_name: str, number: int | None = None, half: str = ""
    ) -> Response:
        name, media_type, pieces = await dataset_export(workbench, dataset_id, format_name, number, half)
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return StreamingResponse(pieces, media_type=media_type, headers=headers)

    @api.post("/library/document")
    async def document(request: Request) -> Response:
        """A file to look things up in, as it is; what cannot be read is refused in plain words."""
        name = request.query_params.get("name", "")
        kept = await workbench.documents.add(name, await request.body())
        return JSONResponse({"document": kept.hash})

    @api.post("/library/draft")
    async def draft(request: Request) -> Response:
        """What a page keeps while it is closed: then it can wait for no call."""
        try:
            sent = Sent.model_validate_json(await request.body())
            return JSONResponse({"kept": await keep(workbench, sent)})
        except ValidationError:
            return PlainTextResponse("This is no draft.\n", 422)

    @api.get("/files/prompt/{format_name}/{key:path}")
    async def prompt_file(format_name: str, key: str) -> Response:
        return download(
            await workbench.prompts.export_example(await workbench.prompts.prompt_of(key), format_name)
        )


def answers_of(workbench: Workbench, run: StoredRun, ending: str, names: Sequence[str]) -> Iterator[bytes]:
    """All answers of a run as a file, read from the store a portion at a time: in a thread, as what is sent."""
    _, pieces = FILES[ending]
    for piece in pieces(run, workbench.history.answers(run.id), names):
        yield piece.encode(errors="replace")


def download(file: ExportFile) -> Response:
    """An export as an attachment: never shown in the page's origin."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
    return Response(file.text.encode(), media_type=file.media_type, headers=headers)


def refuse(exc: PlaygroundError, *, in_chinese: bool = False) -> Response:
    """The error in plain words."""
    alert = to_alert(exc)
    text = f"{alert['message']} {alert['hint']}".strip()
    return PlainTextResponse(
        f"{chinese().of(text) if in_chinese else text}\n", 404 if isinstance(exc, NotFoundError) else 400
    )

"""Commands for prompts: list, show, export.

playground list
playground show techniques/role/role > role.prompty
playground export techniques/role/role --format modelfile --output Modelfile
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playground.cli.terminal import (
    Data,
    InLanguage,
    Language,
    ModelName,
    Name,
    Output,
    PrintAs,
    PromptName,
    Vars,
    open_to_read,
    reader_language,
    say_table,
    settings_of,
    tell_all,
    with_workbench,
    write,
    write_file,
)

if TYPE_CHECKING:
    from playground.types.files import ExportFile
    from playground.workbench.service import Workbench


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command("list")(list_prompts)
    app.command()(show)
    app.command()(export)


def list_prompts(
    context: typer.Context, output: PrintAs = Output.TEXT, language: InLanguage = None, data: Data = None
) -> None:
    """List patterns and saved prompts."""
    workbench = open_to_read(settings_of(context, data))
    # What a program reads does not depend on the locale.
    read = language or ("en" if output is Output.JSON else reader_language())
    patterns = workbench.prompts.library.patterns(read)
    saved = workbench.store.prompts(limit=10_000)
    workbench.store.close()
    if output is Output.JSON:
        keys = ("name", "description", "family", "technique", "tags")
        rows = {
            "patterns": [{"slug": p.slug} | {key: getattr(p.prompt, key) for key in keys} for p in patterns],
            "saved": [
                {"name": s.name, "version": s.latest, "updated": s.updated_at.isoformat()} for s in saved
            ],
        }
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = [[Name(p.slug), str(p.error) if p.error else Name(p.prompt.name)] for p in patterns]
    table += [
        [Name(s.name), f"saved, version {s.latest}, {s.updated_at.astimezone():%Y-%m-%d}"] for s in saved
    ]
    say_table(table)


def show(context: typer.Context, prompt: PromptName, language: InLanguage = None, data: Data = None) -> None:
    """Print a prompt as a .prompty file."""
    from playground.cli.arguments import find_prompt
    from playground.formats import prompty

    workbench = open_to_read(settings_of(context, data))
    found = find_prompt(workbench, prompt, language or _reads(prompt))
    workbench.store.close()
    # A file keeps its comments; they say why a pattern has these words.
    text = found.file.read_text("utf-8") if found.file else prompty.dump(found.prompt)[0]
    write(text if text.endswith("\n") else text + "\n")


def _reads(slug: str) -> Language | None:
    """The reader's language for a slug that names none; one that ends in ".zh" is meant as it is."""
    from playground.library.shipped import language_of

    return reader_language() if language_of(slug) == "en" else None


def export(
    context: typer.Context,
    prompt: PromptName,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="One of: prompty, dotprompt, github, promptfoo, promptfoo-csv, openai, openai-batch, chat-lines, modelfile, langchain, llm, openwebui, jinja, markdown, text.",
        ),
    ] = "prompty",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File or folder to write to; else standard output.")
    ] = None,
    var: Vars = None,
    model: ModelName = "",
    language: InLanguage = None,
    data: Data = None,
) -> None:
    """Write a prompt for another tool.

    What the format cannot hold is named on standard error. Variables without a value take the prompt's examples, as in the app.
    """

    async def make(workbench: Workbench) -> ExportFile:
        from playground.cli.arguments import find_prompt, read_values
        from playground.types.prompt import example_values

        found = find_prompt(workbench, prompt, language or _reads(prompt))
        tell_all("left out", found.losses)
        values = example_values(found.prompt) | read_values(found.prompt, var or ())
        models = [await workbench.models.find(model)] if model else await workbench.models.all()
        return await workbench.prompts.export(
            found.prompt, values, models[0].id if models else "", format_name
        )

    file = with_workbench(open_to_read(settings_of(context, data)), make)
    if output is None:
        write(file.text)
    else:
        write_file(output / file.name if output.is_dir() else output, file.text)
    tell_all("not in the file", file.losses)

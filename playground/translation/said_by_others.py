"""Texts that reach a reader and stand in no source of ours: of the system, and of the library of the command line."""

from __future__ import annotations

SYSTEM = (
    "No such file or directory", "Permission denied", "Operation not permitted", "Is a directory", "Not a directory",
    "File exists", "File name too long", "Directory not empty", "No space left on device", "Disk quota exceeded",
    "Read-only file system", "Input/output error", "Too many open files", "Too many levels of symbolic links",
    "Invalid argument", "Text file busy", "Device or resource busy", "Cannot allocate memory", "Exec format error",
    "Broken pipe", "Address already in use", "Cannot assign requested address", "Connection refused",
    "Connection reset by peer", "Connection timed out", "Network is unreachable", "No route to host",
    "Name or service not known", "Temporary failure in name resolution",
)  # fmt: skip
"""What `OSError.strerror` and the resolver say; they end many a message of ours."""

YAML = (
    "did not find expected node content",
    "did not find expected key",
    "did not find expected '-' indicator",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "did not find expected <document start>",
    "could not find expected ':'",
    "mapping values are not allowed in this context",
    "block sequence entries are not allowed in this context",
    "block mapping entries are not allowed in this context",
    "mapping keys are not allowed in this context",
    "found character that cannot start any token",
    "found unexpected end of stream",
    "found unexpected document indicator",
    "found unknown escape character",
    "found a tab character that violates indentation",
    "found a tab character where an indentation space is expected",
    "found undefined tag handle",
    "found undefined alias",
    "found duplicate anchor",
    "found unhashable key",
    "control characters are not allowed",
    "did not find expected alphabetic or numeric character",
)
"""What libyaml says of a file that it cannot read; its line stands before."""

USAGE = (
    "Try '{name} --help' for help.",
    "No such command '{name}'.",
    "No such command '{name}'. Did you mean {names}?",
    "No such option: {name}",
    "No such option: {name} (Possible options: {names})",
    "No such option: {name} Did you mean {names}?",
    "Missing argument '{name}'.",
    "Missing option '{name}'.",
    "Missing command.",
    "Option '{name}' requires an argument.",
    "Option '{name}' does not take a value.",
    "Got unexpected extra argument ({name})",
    "Got unexpected extra arguments ({names})",
    "Got unexpected extra argument(s) ({names})",
    "Invalid value for '{name}': {why}",
    "Invalid value: {why}",
    "Value error, {value} is not one of {names}.",
    "{value} is not one of {names}.",
    "'{name}' is not a valid integer.",
    "'{name}' is not a valid float.",
    "Path '{path}' does not exist.",
    "File '{path}' does not exist.",
    "Directory '{path}' does not exist.",
    "File '{path}' is a directory.",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {value}",
    "Input should be less than or equal to {value}",
    "Aborted!",
    "Error:",
)
"""What the library of the command line says of a command that it cannot read."""

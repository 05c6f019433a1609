"""Old Word documents (doc, wps, rtf), made docx by LibreOffice where it is installed.

LibreOffice runs in a profile of its own that forbids macros and sends every request for a linked file nowhere. It is
started in the process group of the reading child: killing the child kills LibreOffice.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.model import Problem
from archive.vocabulary import ProblemKind
from pipelines.documents import docx
from pipelines.documents.content import Content
from pipelines.errors import DocumentError

MEMORY = 4 * 1024**3
"""Bytes of address space for LibreOffice, which maps far more than it uses."""
USED_MEMORY = 1024**3
"""Bytes that it may use."""
_NEARLY_ALL = 0.9
"""The part of these that it has used where it failed for want of more."""

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyName"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyPort"><value>9</value></prop></item>
</oor:items>
"""


_FILTERS = {"doc": "MS Word 97", "rtf": "Rich Text Format"}
"""Format → the filter that opens it; named, since LibreOffice would open a file of any other format too."""
_OF_MACHINE = frozenset((signal.SIGKILL, signal.SIGTERM, signal.SIGHUP))
"""Signals that come from outside: of the kernel when memory runs out, of a machine that shuts down."""
_CRASHES = frozenset((signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL))
_SAYS_NO = re.compile(r"could not be loaded|no export filter|password|load failed|Error: source file", re.IGNORECASE)
"""What LibreOffice prints of a document that it does not open."""


def read(body: bytes, kind: str) -> Content:
    """A doc, wps or rtf. Raises DocumentError: of kind unread where LibreOffice is not installed, of kind
    not_read_here where it was killed or did not run.
    """
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise DocumentError(
            "Word documents before 2007 are read where LibreOffice is installed (soffice)", ProblemKind.UNREAD
        )
    with TemporaryDirectory(prefix="tongjian-") as folder:
        content = docx.read(_converted(program, body, kind, Path(folder)))
    content.kind = "doc"
    if "_VBA_PROJECT".encode("utf-16-le") in body:
        content.problems.append(
            Problem(kind=ProblemKind.MACROS, message="the document holds macros; they were not run")
        )
    return content


def _converted(program: str, body: bytes, kind: str, folder: Path) -> bytes:
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    source = folder / f"document.{kind}"
    source.write_bytes(body)
    command = [
        program,
        f"-env:UserInstallation={user.parent.as_uri()}",
        *("--headless", "--norestore", "--nolockcheck", "--nodefault", f"--infilter={_FILTERS[kind]}"),
        *("--convert-to", "docx:MS Word 2007 XML", "--outdir", str(folder / "out"), str(source)),
    ]
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - a program of this machine on files of our own making
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=folder, preexec_fn=_limit_memory
        )
        _, status, used = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    result = folder / "out" / "document.docx"
    if code == 0 and result.is_file():
        return result.read_bytes()
    if used.ru_maxrss * 1024 >= _NEARLY_ALL * USED_MEMORY:
        raise DocumentError("LibreOffice would take more memory for it than allowed", ProblemKind.OVERSIZED)
    raise _failure(code, said.read_text(encoding="utf-8", errors="replace").strip()[-200:])


def _failure(code: int, said: str) -> DocumentError:
    """Why LibreOffice made nothing: the document only where it says so or breaks down over it, else this machine."""
    number = -code if code < 0 else code - 128  # its starter is a shell script, which passes a signal on as a number
    if number in _OF_MACHINE:
        name = signal.Signals(number).name
        return DocumentError(f"LibreOffice was ended by {name}", ProblemKind.NOT_READ_HERE)
    if number in _CRASHES or _SAYS_NO.search(said):
        kind = ProblemKind.ENCRYPTED if "password" in said.lower() else ProblemKind.DAMAGED
        return DocumentError(f"LibreOffice made nothing of it: {said}", kind)
    return DocumentError(f"LibreOffice did not run (exit code {code}): {said}", ProblemKind.NOT_READ_HERE)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_DATA, (USED_MEMORY, USED_MEMORY))

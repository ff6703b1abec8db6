"""From what a command ends with to an exit code."""

from __future__ import annotations

import pytest
import typer

from sdlc.cli import main


@pytest.mark.parametrize("raised", [KeyboardInterrupt, typer.Abort])
def test_an_interrupt_is_said_and_is_no_pass(
    raised: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.command(name="do")
    def command() -> None:
        raise raised

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr("sys.argv", ["sdlc", "do"])
    assert main.answered() == 3
    assert "error: stopped" in capsys.readouterr().err

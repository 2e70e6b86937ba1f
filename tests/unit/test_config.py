"""A wrangler.toml that is broken or gone: what commands say, and that they say it in a sentence."""

from pathlib import Path

import pytest

import cli.build
import cli.check
from cli.bindings import declared_bindings, require_services
from cli.main import main
from runtime.config import ConfigError, read_config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name = [\n", "not valid TOML: Invalid value"),
        (b'name = "\xff"\n', "not valid TOML: "),
        (None, "cannot be read: no such file or directory"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: bytes | None, message: str) -> None:
    config = tmp_path / "wrangler.toml"
    if text is not None:
        config.write_bytes(text)
    with pytest.raises(ConfigError, match=r"wrangler\.toml: ") as raised:
        read_config(config)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ['[[services]]\nservice = "a"\n', "services = [1]\n"])
def test_a_binding_without_a_name(tmp_path: Path, text: str) -> None:
    config = tmp_path / "wrangler.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="needs a `binding`"):
        declared_bindings(config)


def test_a_binding_of_a_worker_that_is_not_there_is_named(tmp_path: Path) -> None:
    config, greet = tmp_path / "wrangler.toml", tmp_path / "greet.toml"
    config.write_text(
        'name = "gateway"\n[[services]]\nbinding = "GREET"\nservice = "greet"\n', encoding="utf-8"
    )
    greet.write_text('name = "greet"\n', encoding="utf-8")
    require_services(config, [config, greet])
    with pytest.raises(ConfigError, match="GREET is for the Worker `greet`"):
        require_services(config, [config])


@pytest.mark.parametrize(
    ("words", "module"), [(["check"], cli.check), (["build", "gateway"], cli.build)]
)
def test_commands_say_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    module: object,
) -> None:
    (tmp_path / "wrangler.toml").write_text("x = [", encoding="utf-8")
    monkeypatch.setattr(module, "CONFIGS", {"gateway": tmp_path / "wrangler.toml"})
    assert main(words) == 1
    assert "wrangler.toml: not valid TOML" in capsys.readouterr().err

"""A folder with a configuration in it, read or refused."""

import pytest

from mailgate import config

ENVIRON = {"SMTP_PASSWORD": "hunter2", "HOME": "/home/desk"}
KEY = "key1 MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to be in, with a signing key and files that secrets may and may not lie in."""
    for name, text, mode in (
        ("mailgate.key", KEY, 0o600),
        ("tight.txt", "hunter2\n", 0o600),
        ("loose.txt", "hunter2\n", 0o644),
        ("empty.txt", "\n", 0o600),
        ("cert.pem", "a certificate", 0o644),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(folder):
    """Read a configuration from its text."""

    def read(text, environ=ENVIRON, mode=0o600):
        path = folder / "config.toml"
        path.write_text(text)
        path.chmod(mode)
        return config.load(path, environ)

    return read


@pytest.fixture
def faults(load):
    """Read a configuration from its text; it must be refused."""

    def read(text, environ=ENVIRON):
        with pytest.raises(config.ConfigError) as refused:
            load(text, environ)
        return refused.value.faults

    return read

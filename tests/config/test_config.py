"""The configuration: what is read, and every way in which it can be wrong."""

from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailgate import config
from mailgate.config.addresses import Listen
from mailgate.domain.model import Priority
from tests.config.conftest import ENVIRON, KEY

HERE = Path(__file__).parent
BAD = sorted((HERE.parent / "bad_configs").glob("*.toml"))


def errors_of(path, folder):
    """Return what is said of a bad configuration, with the folder's name made the same always."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o644)
    with pytest.raises(config.ConfigError) as refused:
        config.load(Path(path.name), ENVIRON)
    return str(refused.value).replace(str(folder), "DIR") + "\n"


HASH = (
    "$argon2id$v=19$m=32768,t=3,p=1$14/GPMAqiCnQwMa0jqGKFw"
    "$5SwJDDk3jZTqXIDomjvl0RyCgUIj5AvroL4pF8463fk"
)
LABELS = "a host name has letters, digits, - and single dots"
LOCAL_PART = "before the @ stand letters, digits, -, _, + and single dots, at most 64"
LONG_DOMAIN = ".".join(("b" * 60, "c" * 60, "d" * 60, "e" * 20, "example"))


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_configuration_is_refused_with_every_fault_and_its_remedy(path, folder):
    said = errors_of(path, folder)
    assert said == path.with_suffix(".txt").read_text()
    assert "hunter2" not in said


def test_every_bad_configuration_has_its_expected_errors_beside_it():
    assert len(BAD) >= 50
    texts = {path.stem for path in (HERE.parent / "bad_configs").glob("*.txt")}
    assert texts == {path.stem for path in BAD}


def test_a_file_that_is_not_there_is_a_fault_with_a_remedy(folder):
    with pytest.raises(config.ConfigError) as refused:
        config.load(folder / "nowhere.toml", {})
    (fault,) = refused.value.faults
    assert fault.line == 0
    assert fault.found == "no such file or directory"
    assert "mailgate init" in fault.hint


def test_a_folder_is_not_a_configuration(folder):
    with pytest.raises(config.ConfigError, match="is a directory"):
        config.load(folder, {})


def test_faults_come_in_the_order_of_the_file(faults):
    lines = [f.line for f in faults("[web]\nlisten = 1\n[desk]\naddress = 2\n[log]\nlevel = 3\n")]
    assert lines == sorted(lines) == [2, 4, 6]


def test_a_fault_is_a_value_with_all_its_parts(faults):
    (fault,) = faults('[desk]\naddress = "a@desk.example"\ntimezone = "Europe/Pari"\n')
    assert fault.file.endswith("config.toml")
    assert (fault.line, fault.key, fault.found) == (3, "desk.timezone", '"Europe/Pari"')
    assert fault.allowed == "a zone such as Europe/Berlin or UTC"
    assert fault.hint == 'did you mean "Europe/Paris"?'


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('listen = "2525"', 'did you mean "127.0.0.1:2525"?'),
        ('listen = "127.0.0.1"', "it needs a : and a port"),
        ("listen = true", ""),
        ('hostname = "mail.desk.example:25"', 'without the port: "mail.desk.example"'),
        (f'hostname = "{"a" * 64}.example"', LABELS),
        ('max_size = "25"', ""),
        ('max_size = "25 apples"', ""),
        ('max_size = "5GiB"', "more than nothing, and at most 4GiB"),
        ("max_size = true", ""),
        ('own_lists = ["a list"]', "the part of List-Id between < and >"),
        ('allowed_peers = ["::1/64"]', 'did you mean "::/64"?'),
        ('tls_cert = ""', "write a path, or leave the key out"),
        ('tls_cert = "."', "it is a folder"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_inbound_gets_a_remedy(faults, line, hint):
    text = f'[desk]\naddress = "a@desk.example"\n[inbound]\n{line}\n'
    assert hint in [fault.hint for fault in faults(text) if fault.line == 4]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("name = 5", "put it in double quotes"),
        ('name = ""', "write a text, or leave the key out"),
        ('name = "a\\nb"', "take the control characters out"),
        ("name = 2026-01-01", ""),
        ('language = "de_at"', 'did you mean "de-AT"?'),
        ('timezone = "Europe"', 'did you mean "Europe/Amsterdam"?'),
        ('timezone = "../UTC"', 'did you mean "UTC"?'),
        ('timezone = "localtime"', "write the zone's own name"),
        ('timezone = "a moon of Jupiter"', ""),
        ('timezone = "new york"', 'did you mean "America/New_York"?'),
        ('categories = ["Ünfug"]', 'did you mean "nfug"?'),
        ('categories = ["42"]', ""),
        ('number_format = "A-VERY-LONG-NAME-OF-THE-DESK-{seq}"', "at most 30 characters"),
        (f'admins = ["{"a" * 65}@desk.example"]', LOCAL_PART),
        (f'admins = ["{"a" * 60}@{LONG_DOMAIN}"]', "at most 254 characters in all"),
        ('admins = ["a@-desk.example"]', LABELS),
        ('admins = ["a@"]', "it needs a name, an @ and a domain"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_the_desk_gets_a_remedy(faults, line, hint):
    assert [f.hint for f in faults(f'[desk]\naddress = "a@desk.example"\n{line}\n')] == [hint]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ('""', ""),
        ("7", ""),
        ('"sqlite://mailgate.db"', "write the path of the file alone"),
        ('"sqlite:///:memory:"', "write the path of the file alone"),
        ('"postgressql://x/y"', 'did you mean "postgresql"?'),
        ('"postgresql:/db.example/desk"', "after postgresql: comes //"),
    ],
)
def test_a_wrong_database_gets_a_remedy_and_is_not_shown(faults, url, hint):
    (fault,) = faults(f'[desk]\naddress = "a@desk.example"\n[database]\nurl = {url}\n')
    assert (fault.found, fault.hint) == ("a value that is not shown", hint)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("a,b:5433/desk", "/desk?host=a&host=b:5433"),
        ("u:p@a:1,b:2/desk?sslmode=require", "u:p@/desk?sslmode=require&host=a:1&host=b:2"),
    ],
)
def test_several_servers_may_hold_the_database(load, given, read):
    config = load(f'[desk]\naddress = "a@desk.example"\n[database]\nurl = "postgresql://{given}"\n')
    assert config.database.url.get_secret_value() == f"postgresql+psycopg://{read}"


@pytest.mark.parametrize("length", ["1s", "61s"])
def test_a_lease_is_neither_too_short_to_be_renewed_nor_longer_than_a_minute(faults, length):
    (fault,) = faults(f'[desk]\naddress = "a@desk.example"\n[node]\nlease = "{length}"\n')
    assert fault.allowed == "a duration from 2s to 60s"


def test_signed_addresses_last_whole_days(faults):
    text = '[desk]\naddress = "a@desk.example"\n[limits]\nsigned_addresses = "36h"\n'
    (fault,) = faults(text)
    assert fault.allowed == "a duration of whole days such as 90d"


# --- secrets --------------------------------------------------------------------------------------

DESK = '[desk]\naddress = "support@desk.example"\n'


def test_a_password_comes_from_a_file_that_only_its_owner_reads(load):
    read = load(DESK + '[delivery]\nuser = "desk"\npassword_file = "tight.txt"\n')
    assert read.delivery.password.get_secret_value() == "hunter2"


def test_the_hash_of_an_agents_password_comes_from_a_file_too(load, folder):
    agent = '[[agent]]\nname = "alice"\naddress = "alice@agent.example"\n'
    (folder / "alice.hash").write_text(f"{HASH}\n")
    (folder / "alice.hash").chmod(0o600)
    port = '[submission]\nlisten = "127.0.0.1:5587"\n'
    for given in ('password_file = "alice.hash"', f'password_hash = "{HASH}"'):
        read = load(f"{DESK}{agent}{given}\n{port}")
        assert read.agents[0].password_hash.get_secret_value() == HASH
        assert HASH not in repr(read)


def test_a_password_comes_from_the_environment(load):
    read = load(DESK + '[delivery]\nuser = "desk"\npassword = "${SMTP_PASSWORD}"\n', mode=0o644)
    assert read.delivery.password.get_secret_value() == "hunter2"


def test_a_password_may_stand_in_a_file_that_not_everybody_reads(load):
    text = DESK + '[delivery]\nuser = "desk"\npassword = "hunter2"\n'
    assert load(text, mode=0o640).delivery.password.get_secret_value() == "hunter2"
    with pytest.raises(config.ConfigError, match="everybody can read this file: chmod 600"):
        load(text, mode=0o644)


@pytest.mark.parametrize("url", ["desk.db", "postgresql://desk@db.example/desk"])
def test_where_the_database_is_may_be_read_by_everybody(load, url):
    read = load(DESK + f'[database]\nurl = "{url}"\n', mode=0o644)
    assert read.database.url.get_secret_value().endswith(url.rpartition("/")[2])


def test_credentials_of_systemd_may_be_readable_to_the_group(load, folder):
    text = DESK + '[delivery]\nuser = "desk"\npassword_file = "${CREDENTIALS_DIRECTORY}/smtp"\n'
    (folder / "credentials").mkdir()
    secret = folder / "credentials" / "smtp"
    secret.write_text("hunter2")
    environ = {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}
    secret.chmod(0o440)
    assert load(text, environ).delivery.password.get_secret_value() == "hunter2"
    secret.chmod(0o444)
    with pytest.raises(config.ConfigError, match="others may use it"):
        load(text, environ)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_secret_file_that_others_may_use_is_refused_with_the_remedy(load, folder, mode):
    (folder / "mailgate.key").chmod(mode)
    with pytest.raises(config.ConfigError, match=f"chmod 600 {folder}/mailgate.key"):
        load(DESK)


def test_nothing_that_is_printed_of_a_configuration_holds_a_secret(load):
    read = load(
        DESK + '[delivery]\nuser = "desk"\npassword = "${SMTP_PASSWORD}"\n'
        '[database]\nurl = "postgresql://desk:${SMTP_PASSWORD}@db.example/desk"\n'
    )
    assert "hunter2" in read.database.url.get_secret_value()
    assert "hunter2" not in f"{read!r} {read} {read.model_dump()} {read.model_dump_json()}"
    keys = config.signing_keys(read, ENVIRON)
    assert "keys=" not in repr(keys)


def test_a_variable_that_was_put_where_a_path_belongs_is_not_shown(faults):
    text = DESK + '[delivery]\nuser = "d"\npassword_file = "${PW}"\n'
    for value in ("hunter2", "x"):
        (fault,) = faults(text, {"PW": value})
        assert "${PW}" in fault.found
        assert f"/{value}" not in str(fault)


def test_half_a_secret_in_a_line_of_its_own_is_not_shown(faults):
    text = DESK + '[delivery]\npassword = "swordfish\nhunter2"\n'
    assert len(faults(text)) == 2
    assert "hunter2" not in "".join(map(str, faults(text)))


# --- signing keys ---------------------------------------------------------------------------------


def test_the_first_signing_key_signs_and_the_others_are_believed(load, folder):
    (folder / "mailgate.key").write_text(f"# new\nkey2 {'A' * 32}\n\n{KEY.lower()}\n")
    keys = config.signing_keys(load(DESK), ENVIRON)
    assert keys.current == "key2"
    assert list(keys.keys) == ["key2", "key1"]
    assert all(len(octets) == 20 for octets in keys.keys.values())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# only a comment\n", "holds no key"),
        ("key1\n", "under 16 octets"),
        ("key1 0189\n", "is not a name and a key in base32"),
        (f"{KEY}\n{KEY}\n", "line 2 of .*: a name given twice"),
        ("key1 MFRGGZDF\n", "under 16 octets"),
    ],
)
def test_a_file_without_usable_signing_keys_is_refused(load, folder, text, reason):
    (folder / "mailgate.key").write_text(text)
    with pytest.raises(config.ConfigError, match=reason):
        load(DESK)


def test_a_secret_file_is_text(load, folder):
    (folder / "mailgate.key").write_bytes(b"\xff\xfe")
    with pytest.raises(config.ConfigError, match="is not text"):
        load(DESK)


def test_signing_keys_that_vanish_later_are_refused_by_name(load, folder):
    read = load(DESK)
    (folder / "mailgate.key").unlink()
    with pytest.raises(config.Refused, match=r"desk\.secret_file: .*no such file"):
        config.signing_keys(read, ENVIRON)


# --- what is read ---------------------------------------------------------------------------------


def test_two_lines_are_a_configuration(load, folder):
    read = load(DESK)
    assert read.desk_addresses == ("support@desk.example",)
    assert read.desk.secret_file == folder / "mailgate.key"
    assert read.delivery.maildir == folder / "outgoing"
    assert read.database.url.get_secret_value() == f"sqlite:///{folder}/mailgate.db"
    assert read.inbound.listen == Listen("127.0.0.1", 2525)
    assert read.inbound.hostname == read.delivery.helo == "desk.example"
    assert read.lifecycle.reopen_window is None


def test_every_kind_of_value_is_read(load, folder):
    (folder / "cert.key").write_text("a key")
    (folder / "cert.key").chmod(0o640)
    read = load(
        '[desk]\naddress = "Support@Bücher.Example"\naddresses = ["sales@localhost"]\n'
        'language = "de-AT"\ntimezone = "America/New_York"\nadmins = ["boss@desk.example"]\n'
        'number_format = "R.{date}-{seq}"\nnumber_formats_used = ["TKT-{year}-{seq:05d}"]\n'
        '[[agent]]\nname = "alice"\naddress = "Alice@desk.example"\nadmin = true\n'
        '[[agent]]\nname = "bob"\naddress = "bob@desk.example"\nfull_name = "Bob B."\n'
        '[[team]]\nname = "all-hands"\nmembers = ["alice", "bob"]\n'
        '[[team]]\nname = "billing"\nmembers = ["bob"]\n'
        '[[machine_sender]]\naddress = "Alerts@desk.example"\nproblem = [" Host:", "X-Id"]\n'
        "[trust]\nverify = true\n"
        '[lifecycle]\nreopen_window = "30d"\n'
        '[inbound]\nlisten = "[::1]:0"\nallowed_peers = ["10.1.2.3", "fd00::/8"]\n'
        'own_lists = ["<Support.lists.Example>"]\nmax_size = "512 kib"\nhostname = "[::1]"\n'
        'tls_cert = "cert.pem"\ntls_key = "cert.key"\n'
        '[delivery]\nretry_after = ["90s", "1h30m", "1w"]\n'
        '[web]\nlisten = "localhost:0"\n'
        '[database]\nurl = "postgres://desk@db.example:5433/desk"\n'
        '[jobs]\ndeadlines = "off"\ndigest = "7:30"\n'
        'monthly_report = "off"\n'
    )
    assert read.desk.address == "support@xn--bcher-kva.example"
    (machine,) = read.machine_senders
    assert (machine.address, machine.problem) == ("alerts@desk.example", ("Host", "X-Id"))
    assert (machine.state, machine.resolved[0]) == ("Subject", "resolved")
    assert read.lifecycle.reopen_window == timedelta(days=30)
    assert (read.inbound.listen, str(read.inbound.listen)) == (Listen("::1", 0), "[::1]:0")
    assert str(read.web.listen) == "localhost:0"
    assert read.inbound.allowed_peers == (ip_network("10.1.2.3/32"), ip_network("fd00::/8"))
    assert read.inbound.own_lists == ("support.lists.example",)
    assert (read.inbound.max_size, read.inbound.hostname) == (512 * 1024, "::1")
    minutes = (1.5, 90, 7 * 24 * 60)
    assert read.delivery.retry_after == tuple(timedelta(minutes=m) for m in minutes)
    assert read.database.url.get_secret_value() == "postgresql+psycopg://desk@db.example:5433/desk"
    assert (read.jobs.deadlines, read.jobs.digest) == (None, time(7, 30))
    assert read.jobs.monthly_report is None


@pytest.mark.parametrize("url", ["data/desk.db", "sqlite:///data/desk.db"])
def test_a_database_path_begins_at_the_folder_of_the_file(load, folder, url):
    read = load(f'{DESK}[database]\nurl = "{url}"\n')
    assert read.database.url.get_secret_value() == f"sqlite:///{folder}/data/desk.db"


def test_an_absolute_database_path_stays(load):
    for url in ("/srv/desk.db", "sqlite:////srv/desk.db"):
        read = load(f'{DESK}[database]\nurl = "{url}"\n')
        assert read.database.url.get_secret_value() == "sqlite:////srv/desk.db"


def test_variables_can_stand_anywhere_in_a_text_and_be_escaped(load):
    read = load(
        '[desk]\naddress = "support@${DOMAIN}"\nname = "cost: 5 $, $${X} and ${NAME}"\n'
        '[delivery]\nport = "${PORT}"\nplain_subjects = "${YES}"\n',
        {"DOMAIN": "desk.example", "NAME": "${DOMAIN}", "PORT": "2500", "YES": "true"},
    )
    assert read.desk.address == "support@desk.example"
    assert read.desk.name == "cost: 5 $, ${X} and ${DOMAIN}"
    assert (read.delivery.port, read.delivery.plain_subjects) == (2500, True)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("off", 25)])
def test_the_port_of_the_smarthost_follows_from_tls(load, tls, port):
    text = f'{DESK}[delivery]\ntransport = "smtp"\nhost = "smtp.example"\ntls = "{tls}"\n'
    assert load(text).delivery.port == port
    assert load(text + "port = 2525\n").delivery.port == 2525


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_password_may_go_in_clear_text_to_this_machine(load, host):
    read = load(
        f'{DESK}[delivery]\ntransport = "smtp"\nhost = "{host}"\ntls = "off"\nuser = "desk"\n'
        'password_file = "tight.txt"\n'
    )
    assert read.delivery.host == host


def test_thresholds_come_from_the_priority_then_from_global_then_from_the_preset(load):
    policy = load(
        DESK + '[sla]\npreset = "ticket_system"\n[sla.global]\nclient = "3h"\nsystem = "5h"\n'
        '[sla.high]\nclient = "90s"\n[lifecycle]\nclient_reminders = 0\nresolve_silent = true\n'
    ).policy()
    high, low = policy.thresholds[Priority.HIGH], policy.thresholds[Priority.LOW]
    assert (high.client, low.client) == (timedelta(seconds=90), timedelta(hours=3))
    assert (high.system, high.resolution) == (timedelta(hours=5), timedelta(hours=8))
    assert policy.origins[Priority.HIGH]["client"] == "configuration, [sla.high]"
    assert policy.origins[Priority.LOW]["client"] == "configuration, [sla.global]"
    assert policy.origins[Priority.LOW]["resolution"] == "preset ticket_system"
    assert (policy.client_reminders, policy.resolve_silent) == (0, True)


def test_a_configuration_cannot_be_changed(load):
    with pytest.raises(ValueError, match="frozen"):
        load(DESK).desk.name = "Other"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(load):
    assert load("\ufeff" + DESK.replace("\n", "\r\n")).desk.name == "Support"


def test_the_file_is_the_option_then_the_variable_then_the_one_here():
    environ = {"MAILGATE_CONFIG": "/etc/mailgate.toml"}
    assert config.find(Path("mine.toml"), environ) == Path("mine.toml")
    assert config.find(None, environ) == Path("/etc/mailgate.toml")
    assert config.find(None, {"MAILGATE_CONFIG": ""}) == Path("config.toml")


def test_the_default_limits_are_those_of_the_product(load):
    read = load(DESK)
    limits, inbound = read.limits, read.inbound
    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert (inbound.max_size, limits.header_block, limits.header) == (25 << 20, 256 << 10, 64 << 10)
    assert (limits.parts, limits.depth, limits.attachments) == (1000, 50, 200)
    assert (limits.attachment_name, limits.recipients) == (255, 100)
    assert (limits.addresses, limits.references, limits.subject) == (2000, 50, 500)
    assert (limits.text, limits.links) == (1 << 20, 5000)
    assert (inbound.max_connections, inbound.max_connections_per_peer) == (200, 20)
    assert (limits.mails_per_minute, limits.acknowledgements_to_strangers) == (60, 100)
    assert (limits.automatic_in_10m, limits.automatic_in_30m) == (10, 15)
    assert (limits.automatic_in_60m, limits.automatic_in_an_hour) == (25, 30)
    assert limits.automatic_in_a_day == 40
    assert limits.signed_addresses == 90 * day
    assert (limits.headers, limits.encoded_words) == (1000, 1000)
    assert read.delivery.give_up_after == 5 * day
    assert read.delivery.retry_after == tuple(n * minute for n in (1, 2, 5, 10, 20, 30))
    assert ip_network("127.0.0.0/8") in limits.trusted_relays

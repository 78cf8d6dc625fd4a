"""The operator's verbs. May import everything; prints words for people, and exits with 2 when the operator must act."""

from __future__ import annotations

import sys

import click

from negatoscope import __version__
from negatoscope.app.command_line.backup import backup, drill, restore
from negatoscope.app.command_line.conformance import conformance
from negatoscope.app.command_line.demo import demo
from negatoscope.app.command_line.doctor import doctor
from negatoscope.app.command_line.export import export
from negatoscope.app.command_line.import_ import import_
from negatoscope.app.command_line.retry import retry
from negatoscope.app.command_line.run import run
from negatoscope.app.command_line.settings import settings
from negatoscope.app.command_line.token import token
from negatoscope.app.command_line.user import user
from negatoscope.app.command_line.verify import verify
from negatoscope.platform.errors import NegatoscopeError, SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="negatoscope")
def command_line() -> None:
    """Négatoscope: an open RIS and PACS with AI for digital radiography.

    Settings are environment variables NEGATOSCOPE_* or lines of the TOML file that NEGATOSCOPE_CONFIG names; the verb
    'settings' lists them. For research and evaluation: this is not a certified medical device.
    """


for command in (run, demo, import_, export, user, token, verify, doctor, backup, restore, drill, retry, settings, conformance):
    command_line.add_command(command)


def main() -> None:
    """Run the command line: one clear sentence and a status other than zero for whatever the operator can mend."""
    try:
        command_line.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except SettingsError as error:
        sys.stderr.write(f"negatoscope: {error}\n")
        sys.exit(2)
    except NegatoscopeError as error:
        sys.stderr.write(f"negatoscope: {error}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"negatoscope: {error.strerror or error}{f': {error.filename}' if error.filename else ''}.\n")
        sys.exit(1)

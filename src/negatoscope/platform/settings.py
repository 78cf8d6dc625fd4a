"""Settings of an installation: environment variables NEGATOSCOPE_*, or lines of a TOML file, or defaults."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from negatoscope.platform.errors import SettingsError
from negatoscope.platform.failpoints import VARIABLE as FAILPOINT


def default_data_folder() -> Path:
    """Return the folder that holds an installation unless NEGATOSCOPE_DATA says otherwise."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "negatoscope"


class Settings(BaseSettings):
    """Every setting of an installation. The environment wins over the file, the file over the default."""

    model_config = SettingsConfigDict(env_prefix="NEGATOSCOPE_", extra="forbid", frozen=True, env_ignore_empty=True)

    data: Path = Field(default_factory=default_data_folder, description="Folder that holds everything of this installation")
    http_host: str = Field(default="127.0.0.1", description="Address the web door listens on")
    http_port: int = Field(default=8080, ge=1, le=65535, description="Port of the screens and of DICOMweb")
    http_certificate: Path | None = Field(
        default=None, description="PEM file of the certificate of the web door and its chain; with its key it speaks https"
    )
    http_key: Path | None = Field(
        default=None, validate_default=True, description="PEM file of the key of the web door's certificate, without password"
    )
    dicom_host: str = Field(default="127.0.0.1", description="Address the DICOM door listens on")
    dicom_port: int = Field(default=11112, ge=1, le=65535, description="Port of the DICOM services")
    dicom_tls_host: str = Field(default="127.0.0.1", description="Address the DICOM door over TLS listens on")
    dicom_tls_port: int = Field(default=2762, ge=1, le=65535, description="Port of the DICOM services over TLS")
    dicom_tls_certificate: Path | None = Field(
        default=None, description="PEM file of our DICOM certificate and its chain; with its key it opens the TLS port"
    )
    dicom_tls_key: Path | None = Field(
        default=None, validate_default=True, description="PEM file of the key of our DICOM certificate, without password"
    )
    dicom_tls_authorities: Path | None = Field(
        default=None, description="PEM file of the authorities, or the very certificates, by which DICOM peers are verified"
    )
    dicom_tls_peers: Literal["required", "optional"] = Field(
        default="required",
        validate_default=True,
        description="Whether a DICOM peer must show a certificate; a device bound to one must in any case",
    )
    ae_title: str = Field(default="NEGATOSCOPE", min_length=1, max_length=16, description="Our DICOM application entity title")
    hl7_host: str = Field(default="127.0.0.1", description="Address the HL7 door listens on")
    hl7_port: int = Field(default=2575, ge=1, le=65535, description="Port of the HL7 v2 listener (MLLP)")
    database_url: str | None = Field(
        default=None, description="PostgreSQL 15 or later; an embedded server in the data folder when absent"
    )
    objects_url: str | None = Field(
        default=None,
        description="Where objects are kept, s3://bucket/prefix; encrypted files in the data folder when absent",
    )
    public_url: str | None = Field(default=None, description="Address under which people reach the screens, for links")
    language: Literal["fr", "en"] = Field(default="fr", description="Language of the screens before anybody chose one")
    time_zone: str = Field(default="Europe/Paris", description="IANA time zone of the site: screens, worklist and HL7 times")
    tenant: str = Field(default="default", min_length=1, description="Name of the organisation served by this installation")
    issuer: str = Field(default="NEGATOSCOPE", min_length=1, description="Issuer of patient identifiers that name none")
    demonstration: bool = Field(
        default=False,
        description="Demonstration department: any calling AE title is accepted from the loopback address",
    )
    dicom_processes: int = Field(
        default=0, ge=0, le=64, description="DICOM processes on one port; 0: one per core, four at most"
    )
    web_processes: int = Field(default=1, ge=1, le=64, description="Web processes on one port")
    study_quiet_s: float = Field(default=60.0, gt=0, description="A study without news for so many seconds is complete")
    retention_years: int = Field(
        default=20,
        ge=0,
        le=200,
        description="Years for which studies are kept after the last passage of their patient; 0: for ever",
    )
    retention_age: int = Field(
        default=28, ge=0, le=100, description="Age before which no study of a patient is proposed for erasure"
    )
    scrub_mb_per_s: float = Field(
        default=10.0, ge=0, le=10_000, description="Megabytes of stored objects read and hashed again each second; 0: none"
    )
    hl7_results_to: str | None = Field(default=None, description="host:port that receives results (ORU^R01)")
    models: Path | None = Field(default=None, description="Folder of AI models that may run here, with its list of hashes")
    inference_url: str | None = Field(default=None, description="KServe v2 server that runs the models instead of this machine")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level that is logged")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone")
        return value

    @field_validator("http_key", "dicom_tls_key")
    @classmethod
    def _goes_with_its_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        certificate = str(info.field_name).replace("key", "certificate")
        if (value is None) != (info.data.get(certificate) is None):
            raise ValueError("a certificate and its key go together: set both or neither")
        return value

    @field_validator("dicom_tls_peers")
    @classmethod
    def _can_be_verified(cls, value: str, info: ValidationInfo) -> str:
        is_open = info.data.get("dicom_tls_certificate") is not None
        if value == "required" and is_open and info.data.get("dicom_tls_authorities") is None:
            raise ValueError("peers cannot be verified: set NEGATOSCOPE_DICOM_TLS_AUTHORITIES, or make this optional")
        return value

    @field_validator("hl7_results_to")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None:
            host, separator, port = value.rpartition(":")
            if not separator or not host or not port.isdigit():
                raise ValueError("must read host:port")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read, first wins: arguments, environment, the TOML file named by NEGATOSCOPE_CONFIG."""
        file = os.environ.get("NEGATOSCOPE_CONFIG")
        if file is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=Path(file))


def load_settings(**overrides: Any) -> Settings:
    """Return the settings, or raise SettingsError with one sentence that names the wrong ones."""
    file = os.environ.get("NEGATOSCOPE_CONFIG")
    if file is not None and not Path(file).is_file():
        raise SettingsError(f"NEGATOSCOPE_CONFIG names {file}, which is not a file.")
    known = {f"NEGATOSCOPE_{name.upper()}" for name in Settings.model_fields} | {"NEGATOSCOPE_CONFIG", FAILPOINT}
    unknown = sorted(name for name in os.environ if name.startswith("NEGATOSCOPE_") and name not in known)
    if unknown:
        raise SettingsError(f"Unknown setting {', '.join(unknown)}; 'negatoscope settings' lists those that exist.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = "; ".join(
            f"NEGATOSCOPE_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"Settings are wrong: {faults}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {file} is not valid TOML in UTF-8: {error}.") from error

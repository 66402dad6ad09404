"""The server's own keys and certificates, made on the first start and kept in the data dir."""

from __future__ import annotations

import datetime
import os
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from whatsapp_loopback.crypto import KeyPair, hkdf

WEB_HOST = "web.whatsapp.com"
MEDIA_HOST = "mmg.whatsapp.net"
SERVED_HOSTS = (WEB_HOST, MEDIA_HOST)

SEED_FILE = "seed"
TRUST_ROOT_FILE = "trust-root"
CA_BUNDLE_FILE = "ca-bundle.pem"
_CA_KEY, _CA_CERTIFICATE, _TLS_FILE = "ca-key.pem", "ca.pem", "tls.pem"
_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_TEN_YEARS = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class ServerIdentity:
    """What makes this server recognisable to a client that was told to trust it."""

    seed: bytes
    noise_root: KeyPair
    noise_static: KeyPair
    tls: ssl.SSLContext


def load_identity(folder: Path) -> ServerIdentity:
    """Read the keys in ``folder``, making what is missing; also writes the public parts."""
    seed = _seed(folder / SEED_FILE)
    root = KeyPair.from_private(hkdf(seed, 32, b"noise root"))
    static = KeyPair.from_private(hkdf(seed, 32, b"noise static"))
    (folder / TRUST_ROOT_FILE).write_text(root.public.hex())
    if not (folder / _TLS_FILE).exists():
        _make_certificates(folder)
    _write_bundle(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / _TLS_FILE)
    return ServerIdentity(seed, root, static, context)


def _seed(path: Path) -> bytes:
    if not path.exists():
        _write_private(path, secrets.token_bytes(32))
    return path.read_bytes()


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _write_bundle(folder: Path) -> None:
    """Our authority and the system's, since the variable replaces the default bundle."""
    system = next((Path(p) for p in _SYSTEM_BUNDLES if Path(p).exists()), Path(certifi.where()))
    bundle = (folder / _CA_CERTIFICATE).read_bytes() + system.read_bytes()
    (folder / CA_BUNDLE_FILE).write_bytes(bundle)


def _make_certificates(folder: Path) -> None:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("WhatsApp loopback, this machine only")
    ca = _builder(ca_name, ca_name, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    ca_certificate = ca.sign(ca_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in SERVED_HOSTS])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    leaf = (
        _builder(_name(WEB_HOST), ca_name, key)
        .add_extension(names, critical=False)
        .add_extension(usage, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write_private(folder / _CA_KEY, _pem_key(ca_key))
    (folder / _CA_CERTIFICATE).write_bytes(_pem(ca_certificate))
    _write_private(folder / _TLS_FILE, _pem_key(key) + _pem(leaf))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _TEN_YEARS)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

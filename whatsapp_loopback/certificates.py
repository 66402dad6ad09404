"""The loopback server's own TLS authority, made at the first start and kept."""

import datetime
import ssl
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ("web.whatsapp.com", "mmg.whatsapp.net")


def ensure(folder: Path) -> ssl.SSLContext:
    """A TLS context for HOSTS; `bundle.pem` in `folder` trusts it and everybody else."""
    cert, key = folder / "server.pem", folder / "server.key"
    if not (folder / "bundle.pem").exists():
        _make(folder, cert, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def _make(folder: Path, cert: Path, key: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sender loopback")])
    period = (now - datetime.timedelta(days=1), now + datetime.timedelta(days=3650))
    ca = (
        x509.CertificateBuilder(ca_name, ca_name, ca_key.public_key(), x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    server = (
        x509.CertificateBuilder(ca_name, name, server_key.public_key(), x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    cert.write_bytes(server.public_bytes(pem))
    key.touch(mode=0o600)
    key.write_bytes(
        server_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    others = Path(certifi.where()).read_bytes()
    (folder / "bundle.pem").write_bytes(ca.public_bytes(pem) + others)

"""Messages as WhatsApp's clients write them; only `neonize_gateway` imports this."""

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (
    AudioMessage,
    DocumentMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    VideoMessage,
)
from neonize.utils.enum import MediaType

from sender_app.domain.media import MediaKind
from sender_app.ports.whatsapp import OutgoingFile, OutgoingMessage

MEDIA_TYPES = {
    MediaKind.IMAGE: MediaType.MediaImage,
    MediaKind.VIDEO: MediaType.MediaVideo,
    MediaKind.VOICE: MediaType.MediaAudio,
    MediaKind.DOCUMENT: MediaType.MediaDocument,
}


def message_of(outgoing: OutgoingMessage, secret: bytes) -> Message:
    """The protobuf of a message, with `secret` as its message secret."""
    if outgoing.file is None:
        message = Message(conversation=outgoing.text)
    else:
        message = _BUILDERS[outgoing.file.kind](outgoing.file, outgoing.text)
    message.messageContextInfo.messageSecret = secret
    return message


def _image(file: OutgoingFile, caption: str) -> Message:
    image = ImageMessage(
        **_where(file),
        caption=caption or None,
        JPEGThumbnail=file.thumbnail or None,
        width=file.width,
        height=file.height,
    )
    return Message(imageMessage=image)


def _video(file: OutgoingFile, caption: str) -> Message:
    video = VideoMessage(
        **_where(file),
        caption=caption or None,
        JPEGThumbnail=file.thumbnail or None,
        width=file.width,
        height=file.height,
        seconds=round(file.seconds or 0),
    )
    return Message(videoMessage=video)


def _voice(file: OutgoingFile, _caption: str) -> Message:
    seconds = max(1, round(file.seconds or 0))
    audio = AudioMessage(**_where(file), PTT=True, seconds=seconds, waveform=file.waveform or None)
    return Message(audioMessage=audio)


def _document(file: OutgoingFile, caption: str) -> Message:
    """Phones show a document's caption only in this wrapping."""
    document = DocumentMessage(
        **_where(file), fileName=file.filename, title=file.filename, caption=caption or None
    )
    message = Message(documentMessage=document)
    if not caption:
        return message
    return Message(documentWithCaptionMessage=FutureProofMessage(message=message))


_BUILDERS = {
    MediaKind.IMAGE: _image,
    MediaKind.VIDEO: _video,
    MediaKind.VOICE: _voice,
    MediaKind.DOCUMENT: _document,
}


def _where(file: OutgoingFile) -> dict[str, object]:
    """The fields that every kind has: where the encrypted file is, and the keys to it."""
    upload = file.upload
    return {
        "URL": upload.url,
        "directPath": upload.direct_path,
        "mediaKey": upload.media_key,
        "mediaKeyTimestamp": int(upload.at.timestamp()),
        "fileSHA256": upload.sha256,
        "fileEncSHA256": upload.enc_sha256,
        "fileLength": upload.length,
        "mimetype": file.mime,
    }

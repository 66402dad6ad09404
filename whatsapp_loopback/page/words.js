// The page's words in three languages; the browser chooses, Spanish is the default.
const WORDS = {
  es: {
    title: "Teléfono virtual", notice: "Demostración: nada sale de esta máquina",
    owner: "El teléfono del dueño", number: "Número de WhatsApp", scan: "Escanear el QR",
    enterCode: "Ingresar código", unlink: "Desvincular el dispositivo",
    linked: "Vinculado y conectado", offline: "Vinculado, sin conexión", unlinked: "Sin vincular",
    working: "Vinculando…", done: "Listo: el dispositivo quedó vinculado.",
    gone: "El dispositivo fue desvinculado.",
    failures: "Fallos", failCold: "Rechazar destinatarios nuevos (463)",
    failAck: "El servidor no confirma los envíos", failAbsent: "Los números no tienen WhatsApp",
    failRefuse: "Rechazar conexiones nuevas", failDisconnect: "Cortar la conexión",
    failLogout: "Cerrar la sesión", heal: "Todo normal", active: "activos",
    search: "Buscar un número", choose: "Elija un chat para ver el teléfono de esa persona.",
    nothing: "Aún no llegó ningún mensaje.", notFound: "Ningún chat con ese número.",
    reply: "Responder como esta persona", writes: "recibe mensajes de",
    counter: (m, p) => `${m} ${m === "1" ? "mensaje" : "mensajes"} en ${p} ${p === "1" ? "teléfono" : "teléfonos"}`,
    image: "📷 Foto", video: "🎬 Video", audio: "🎤 Audio", document: "📄 Documento", other: "Mensaje",
    you: "Tú: ", back: "Volver", send: "Enviar", code: "Código", noQr: "No hay ningún QR a la vista: abra la página de conexión de la aplicación.",
  },
  en: {
    title: "Virtual phone", notice: "Demonstration: nothing leaves this machine",
    owner: "The owner's phone", number: "WhatsApp number", scan: "Scan the QR code",
    enterCode: "Enter code", unlink: "Unlink the device",
    linked: "Linked and connected", offline: "Linked, offline", unlinked: "Not linked",
    working: "Linking…", done: "Done: the device is linked.",
    gone: "The device was unlinked.",
    failures: "Failures", failCold: "Refuse new recipients (463)",
    failAck: "The server does not confirm sends", failAbsent: "Numbers are not on WhatsApp",
    failRefuse: "Refuse new connections", failDisconnect: "Cut the connection",
    failLogout: "Log out", heal: "Back to normal", active: "active",
    search: "Find a number", choose: "Choose a chat to see that person's phone.",
    nothing: "No message has arrived yet.", notFound: "No chat with that number.",
    reply: "Reply as this person", writes: "gets messages from",
    counter: (m, p) => `${m} ${m === "1" ? "message" : "messages"} on ${p} ${p === "1" ? "phone" : "phones"}`,
    image: "📷 Photo", video: "🎬 Video", audio: "🎤 Audio", document: "📄 Document", other: "Message",
    you: "You: ", back: "Back", send: "Send", code: "Code", noQr: "There is no QR code in sight: open the application's connection page.",
  },
  pt: {
    title: "Telefone virtual", notice: "Demonstração: nada sai desta máquina",
    owner: "O telefone do dono", number: "Número do WhatsApp", scan: "Escanear o QR",
    enterCode: "Inserir código", unlink: "Desvincular o dispositivo",
    linked: "Vinculado e conectado", offline: "Vinculado, sem conexão", unlinked: "Não vinculado",
    working: "Vinculando…", done: "Pronto: o dispositivo foi vinculado.",
    gone: "O dispositivo foi desvinculado.",
    failures: "Falhas", failCold: "Recusar destinatários novos (463)",
    failAck: "O servidor não confirma os envios", failAbsent: "Os números não têm WhatsApp",
    failRefuse: "Recusar conexões novas", failDisconnect: "Cortar a conexão",
    failLogout: "Encerrar a sessão", heal: "Tudo normal", active: "ativas",
    search: "Buscar um número", choose: "Escolha um chat para ver o telefone dessa pessoa.",
    nothing: "Ainda não chegou nenhuma mensagem.", notFound: "Nenhum chat com esse número.",
    reply: "Responder como esta pessoa", writes: "recebe mensagens de",
    counter: (m, p) => `${m} ${m === "1" ? "mensagem" : "mensagens"} em ${p} ${p === "1" ? "telefone" : "telefones"}`,
    image: "📷 Foto", video: "🎬 Vídeo", audio: "🎤 Áudio", document: "📄 Documento", other: "Mensagem",
    you: "Você: ", back: "Voltar", send: "Enviar", code: "Código", noQr: "Não há nenhum QR à vista: abra a página de conexão do aplicativo.",
  },
};

export const language =
  navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in WORDS) ?? "es";
export const words = WORDS[language];

export function translatePage() {
  document.documentElement.lang = language;
  document.title = words.title;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
}

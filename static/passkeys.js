// Asks the browser for a passkey: to make one, or to sign with one. The answer goes into the form, and the form is sent.
(() => {
  "use strict";

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

  async function make(options) {
    const user = { ...options.user, id: bytes(options.user.id) };
    const excludeCredentials = named(options.excludeCredentials);
    const made = await navigator.credentials.create({
      publicKey: { ...options, user, excludeCredentials, challenge: bytes(options.challenge) },
    });
    const { clientDataJSON, attestationObject } = made.response;
    return answer(made, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) });
  }

  async function sign(options) {
    const allowCredentials = named(options.allowCredentials);
    const signed = await navigator.credentials.get({
      publicKey: { ...options, allowCredentials, challenge: bytes(options.challenge) },
    });
    const { clientDataJSON, authenticatorData, signature } = signed.response;
    return answer(signed, {
      clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
    });
  }

  function answer(credential, response) {
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!navigator.credentials || !window.PublicKeyCredential) continue;
    form.querySelector("[data-passkey-start]").hidden = false;
    form.addEventListener("submit", async (event) => {
      const field = form.querySelector("input[name=passkey]");
      if (field.value) return;
      event.preventDefault();
      const failed = form.querySelector("[data-passkey-failed]");
      failed.hidden = true;
      try {
        const options = JSON.parse(form.dataset.options);
        field.value = await (form.dataset.passkey === "make" ? make(options) : sign(options));
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }

  // Recovery codes, to be kept as a text.
  for (const button of document.querySelectorAll("[data-download]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([`${document.getElementById(button.dataset.download).textContent}\n`], { type: "text/plain" }));
      link.download = button.dataset.name;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
})();

// SPDX-License-Identifier: EUPL-1.2
// Shows the page's notifications on a phone, and brings the page back when one is touched. Keeps no file: what a
// browser shows is always the server's.
self.addEventListener("notificationclick", (event) => {
	event.notification.close();
	const focus = async () => {
		const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
		return page ? page.focus() : self.clients.openWindow("/");
	};
	event.waitUntil(focus());
});

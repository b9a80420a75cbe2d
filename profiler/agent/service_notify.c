// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/service_notify.h"

#include "base/parse.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void service_notify_open(struct service_notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	notify->fd = -1;
	if (!len || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') /* an abstract name */
		address.sun_path[0] = '\0';
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd >= 0 &&
	    connect(notify->fd, (const struct sockaddr *)&address, address_len) < 0)
		service_notify_close(notify);
}

void service_notify_close(struct service_notify *notify)
{
	cleanup_close_(&notify->fd);
	notify->fd = -1;
}

void service_notify_send(const struct service_notify *notify, const char *format, ...)
{
	char text[512];
	va_list args;

	if (notify->fd < 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)!send(notify->fd, text, strlen(text), MSG_NOSIGNAL);
}

uint64_t service_notify_watchdog_ns(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, id;

	if (!text || parse_u64(text, &us) < 0 || us > UINT64_MAX / 1000)
		return 0;
	if (pid && (parse_u64(pid, &id) < 0 || id != (uint64_t)getpid()))
		return 0;
	return us * 1000;
}

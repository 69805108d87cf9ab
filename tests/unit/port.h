/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * unit/port.h: ports for programs that a test starts, which no other test gets meanwhile.
 *
 * To look for a port that nobody has isn't enough: until the program listens there, and while it is away for a restart, a
 * test beside this one finds it just as free. So a port is claimed as well, by an abstract Unix socket of its number, as
 * tests/broker/school.py does. The kernel takes it back when the process ends, however that ends, and a network namespace
 * has its own.
 */
#pragma once

/** port_claim() - a port that nobody listens on and no other test has; this process's until its end. Below the range from
 * which the kernel gives ports to connections (ip_local_port_range): one of those could take it before the program binds
 * it. Return: the port, or -1 where there is none. */
int port_claim(void);

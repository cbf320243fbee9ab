// SPDX-License-Identifier: MIT OR Apache-2.0
/* The interface between leakydrv.sys and the programs of the bed. Needs windows.h or ntddk.h before it. */
#pragma once

#define LEAKYDRV_DEVICE "\\\\.\\leakydrv"

/* In: a ULONG, the number of requests to carry out. */
#define IOCTL_LEAKYDRV_REQUESTS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
/* Out: a struct pool_tag for each tag the driver has used, as the kernel would count it. */
#define IOCTL_LEAKYDRV_POOL_TAGS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* SYSTEM_POOLTAG as a 64-bit Windows lays it out. */
struct pool_tag {
	ULONG tag;
	ULONG paged_allocs;
	ULONG paged_frees;
	ULONG64 paged_used;
	ULONG nonpaged_allocs;
	ULONG nonpaged_frees;
	ULONG64 nonpaged_used;
};

C_ASSERT(sizeof(struct pool_tag) == 40);
C_ASSERT(FIELD_OFFSET(struct pool_tag, paged_used) == 16);
C_ASSERT(FIELD_OFFSET(struct pool_tag, nonpaged_used) == 32);

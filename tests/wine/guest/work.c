// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A workload, and the programs of the bed.
 *   work REQUESTS      lets leakydrv.sys carry out that many requests
 *   work tags          prints the counts of leakydrv.sys
 *   work linger FILE   makes FILE and never ends
 *   work run FILE …    runs the program named by the rest of the line, and writes its exit code to FILE
 *   work restart       asks Windows to restart
 *   work leave FILE    starts `work linger FILE` detached, waits for FILE, and ends
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <shlwapi.h>
#include <winioctl.h>

#include "leakydrv.h"

static int fail(const char *what)
{
	fprintf(stderr, "work: cannot %s: error %lu\n", what, GetLastError());
	return 1;
}

static HANDLE driver(void)
{
	return CreateFileA(LEAKYDRV_DEVICE, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static int requests(ULONG count)
{
	DWORD written;

	if (!DeviceIoControl(driver(), IOCTL_LEAKYDRV_REQUESTS, &count, sizeof(count), NULL, 0, &written, NULL))
		return fail("carry out the requests");
	return 0;
}

static int tags(void)
{
	struct pool_tag rows[16], *row;
	DWORD written;

	if (!DeviceIoControl(driver(), IOCTL_LEAKYDRV_POOL_TAGS, NULL, 0, rows, sizeof(rows), &written, NULL))
		return fail("read the tags");
	for (row = rows; (BYTE *)row < (BYTE *)rows + written; row++)
		printf("%.4s paged %lu %lu %llu nonpaged %lu %lu %llu\n", (char *)&row->tag, row->paged_allocs,
		       row->paged_frees, row->paged_used, row->nonpaged_allocs, row->nonpaged_frees, row->nonpaged_used);
	return 0;
}

static int linger(const char *file)
{
	if (CreateFileA(file, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, 0, NULL) == INVALID_HANDLE_VALUE)
		return fail("make the file");
	for (;;)
		Sleep(INFINITE);
}

/* A handle of the program named by `line`; NULL if it cannot be started. */
static HANDLE start(char *line, DWORD flags)
{
	STARTUPINFOA startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION started;

	if (!CreateProcessA(NULL, line, NULL, NULL, !flags, flags, NULL, NULL, &startup, &started))
		return NULL;
	return started.hProcess;
}

static int leave(const char *file)
{
	char program[MAX_PATH], line[2 * MAX_PATH];

	GetModuleFileNameA(NULL, program, sizeof(program));
	snprintf(line, sizeof(line), "\"%s\" linger \"%s\"", program, file);
	if (!start(line, DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP))
		return fail("start another");
	while (GetFileAttributesA(file) == INVALID_FILE_ATTRIBUTES)
		Sleep(1);
	return 0;
}

static int run(const char *file)
{
	/* The words after the names of this program, of `run` and of the file. */
	HANDLE program = start(PathGetArgsA(PathGetArgsA(PathGetArgsA(GetCommandLineA()))), 0);
	DWORD code = 127;
	FILE *written;

	if (program) {
		WaitForSingleObject(program, INFINITE);
		GetExitCodeProcess(program, &code);
	}
	written = fopen(file, "wb");
	if (!written || fprintf(written, "%lu\n", code) < 0 || fclose(written))
		return fail("write the exit code");
	return 0;
}

static int restart_windows(void)
{
	if (!ExitWindowsEx(EWX_REBOOT | EWX_FORCE, 0))
		return fail("restart");
	return 0;
}

int main(int count, char **words)
{
	if (count == 2 && atoi(words[1]) > 0)
		return requests(atoi(words[1]));
	if (count == 2 && !strcmp(words[1], "tags"))
		return tags();
	if (count == 2 && !strcmp(words[1], "restart"))
		return restart_windows();
	if (count > 3 && !strcmp(words[1], "run"))
		return run(words[2]);
	if (count == 3 && !strcmp(words[1], "linger"))
		return linger(words[2]);
	if (count == 3 && !strcmp(words[1], "leave"))
		return leave(words[2]);
	fprintf(stderr, "work: REQUESTS, tags, run FILE PROGRAM…, restart, linger FILE, or leave FILE\n");
	return 2;
}

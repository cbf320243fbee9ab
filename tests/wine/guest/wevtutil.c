// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Simulated System event log, in the place of Wine's wevtutil.exe, which reads none: prints C:\lab\events-1.xml at the first
 * query for bugchecks, C:\lab\events-2.xml at the second, and so on, as UTF-16; nothing where there is no such file, and at
 * any other query. The number is kept in C:\lab\asked. At the second query it also makes the dump, C:\windows\MEMORY.DMP.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

static int count(void)
{
	int asked = 0;
	FILE *file = fopen("C:\\lab\\asked", "r");

	if (file) {
		if (fscanf(file, "%d", &asked) != 1)
			asked = 0;
		fclose(file);
	}
	file = fopen("C:\\lab\\asked", "w");
	if (!file)
		return -1;
	fprintf(file, "%d", ++asked);
	fclose(file);
	return asked;
}

int main(int words, char **word)
{
	char name[MAX_PATH];
	FILE *events;
	int at, byte, number, is_asked = 0;

	for (at = 1; at < words; at++)
		is_asked |= strstr(word[at], "EventID=1001") && strstr(word[at], "TimeCreated[@SystemTime>='20");
	if (!is_asked)
		return 0;
	number = count();
	if (number == 2)
		fclose(fopen("C:\\windows\\MEMORY.DMP", "w"));
	snprintf(name, sizeof(name), "C:\\lab\\events-%d.xml", number);
	events = fopen(name, "rb");
	_setmode(_fileno(stdout), _O_BINARY);
	for (; events && (byte = getc(events)) != EOF;) {
		fputc(byte, stdout);
		fputc(0, stdout);
	}
	return 0;
}

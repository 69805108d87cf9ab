# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(reader_field SOURCES test_reader_field.c USES reader_field)
# TEMPLATE.c is in no program; here it is compiled and held against the same promises as the others.
schoolpoort_unit_test(reader_replay
	SOURCES test_reader_replay.c ${CMAKE_SOURCE_DIR}/drivers/reader/TEMPLATE.c
	USES reader_replay)
schoolpoort_unit_test(reader_reset SOURCES test_reader_reset.c USES reader_reset)
# The driver against a double of libnfc: which the program links, and this test doesn't.
schoolpoort_unit_test(reader_nfc SOURCES test_reader_nfc.c ${CMAKE_SOURCE_DIR}/drivers/reader/nfc.c)

# SPDX-License-Identifier: EUPL-1.2
schoolpoort_bench(floor_nfc SOURCES floor_nfc.c USES lib::libnfc)

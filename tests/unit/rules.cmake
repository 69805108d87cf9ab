# SPDX-License-Identifier: EUPL-1.2
foreach(name code counts export_csv informat retention share threshold)
	schoolpoort_unit_test(${name} SOURCES test_${name}.c USES core)
endforeach()

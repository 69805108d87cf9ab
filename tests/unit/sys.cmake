# SPDX-License-Identifier: EUPL-1.2
foreach(module clock config file local log loop secret zone)
	schoolpoort_unit_test(${module} SOURCES test_${module}.c USES sys)
endforeach()

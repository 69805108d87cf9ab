# SPDX-License-Identifier: EUPL-1.2
foreach(name absence alert csv mark)
	schoolpoort_unit_test(${name} SOURCES test_${name}.c USES core)
endforeach()
schoolpoort_unit_test(register_step SOURCES test_register_step.c USES register_step)

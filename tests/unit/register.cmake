# SPDX-License-Identifier: EUPL-1.2
foreach(name absence alert csv mark)
	schoolpoort_unit_test(${name} SOURCES test_${name}.c USES core)
endforeach()
schoolpoort_unit_test(register_step SOURCES test_register_step.c USES register_step)
schoolpoort_unit_test(import SOURCES test_import.c USES register_step)
schoolpoort_unit_test(register_store SOURCES test_register_store.c USES store)

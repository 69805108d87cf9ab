# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl sp_gates)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Units that joined by a bundle, the broker as shipped.
schoolpoort_part(provisioned SOURCES provisioned.c USES stage lib::cmocka)
target_compile_definitions(sp_provisioned PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
schoolpoort_unit_test(e2e_certificates SOURCES test_certificates.c USES lanes provisioned gates school stage wire core sys)
add_dependencies(test_e2e_certificates schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_certificates PROPERTIES TIMEOUT 900 LABELS e2e)

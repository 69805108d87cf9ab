# SPDX-License-Identifier: EUPL-1.2
# What a unit's doctor and its figures say, on machines that are folders.
if(NOT TARGET sp_health)
	return()
endif()
schoolpoort_part(promtext SOURCES ${CMAKE_SOURCE_DIR}/tests/e2e/promtext.c)
schoolpoort_unit_test(cert SOURCES test_cert.c USES sys lib::libcrypto)
schoolpoort_unit_test(probe SOURCES test_probe.c USES sys lib::libssl lib::libcrypto)
schoolpoort_unit_test(doctor SOURCES test_doctor.c USES health sys wire lib::libcrypto)
schoolpoort_unit_test(metrics SOURCES test_metrics.c USES health promtext wire)
schoolpoort_unit_test(announce SOURCES test_announce.c USES register_step wire sys)

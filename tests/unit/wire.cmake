# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(wire_refuse SOURCES test_wire_refuse.c wire_samples.c USES wire core lib::jansson)
foreach(name messages gates_data local)
	schoolpoort_unit_test(wire_${name} SOURCES test_wire_${name}.c wire_samples.c USES wire core)
endforeach()

schoolpoort_unit_test(wire_memory SOURCES test_wire_memory.c USES wire core)
target_link_options(test_wire_memory PRIVATE -Wl,--wrap=malloc)

# What the encoders write, against the contract's schemas.
set(contract ${CMAKE_SOURCE_DIR}/broker-config/contract/schema)
set(validate /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/e2e/validate.py ${contract})
add_executable(wire_examples wire_examples.c wire_samples.c)
schoolpoort_link(wire_examples wire core)
add_test(NAME wire_examples COMMAND wire_examples ${CMAKE_CURRENT_BINARY_DIR}/wire_examples.txt)
add_test(NAME wire_schema COMMAND ${validate} ${CMAKE_CURRENT_BINARY_DIR}/wire_examples.txt)
add_test(NAME wire_schema_self_test COMMAND ${validate} --self-test)
set_tests_properties(wire_examples PROPERTIES FIXTURES_SETUP wire_examples TIMEOUT 900)
set_tests_properties(wire_schema PROPERTIES FIXTURES_REQUIRED wire_examples TIMEOUT 900)
set_tests_properties(wire_schema_self_test PROPERTIES TIMEOUT 900)

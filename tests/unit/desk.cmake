# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(register_command SOURCES test_register_command.c USES register_step)
schoolpoort_unit_test(register_look SOURCES test_register_look.c USES register_step lib::jansson)
schoolpoort_unit_test(look_memory SOURCES test_look_memory.c USES register_step)
target_link_options(test_look_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray)

# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(mailbox SOURCES test_mailbox.c USES link)
schoolpoort_unit_test(link SOURCES test_link.c broker.c port.c USES link)
# The thread sanitizer's run takes what bears this label.
set_tests_properties(mailbox link PROPERTIES LABELS threads)
set_tests_properties(link PROPERTIES TIMEOUT 900)
schoolpoort_unit_test(db SOURCES test_db.c USES store)
schoolpoort_unit_test(kiosk_store SOURCES test_kiosk_store.c USES store lib::sqlite3)
schoolpoort_unit_test(damage SOURCES test_damage.c USES store)
set_tests_properties(damage PROPERTIES TIMEOUT 900)
schoolpoort_long_test(s9_every_damaged_database 600 COMMAND test_damage all)

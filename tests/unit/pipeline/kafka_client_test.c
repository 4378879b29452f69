/* kafka_client_test.c - what a configuration says of its clients. */
#include "pipeline/kafka_client.h"

#include "tests/unit/check.h"

static void test_starts_programs(void **state)
{
    static struct { const char *name; struct config_property properties[3]; bool want; } cases[] = {
        { "nothing set", { { 0 } }, false },
        { "no SASL", { { "security.protocol", "ssl" }, { "sasl.mechanisms", "GSSAPI" } }, false },
        { "SASL's default is Kerberos", { { "security.protocol", "SASL_SSL" } }, true },
        { "Kerberos", { { "security.protocol", "sasl_plaintext" }, { "sasl.mechanism", "gssapi" } }, true },
        { "SCRAM", { { "security.protocol", "sasl_ssl" }, { "sasl.mechanisms", "SCRAM-SHA-512" } }, false },
        { "Kerberos, tickets are others' business", { { "security.protocol", "sasl_ssl" }, { "sasl.kerberos.kinit.cmd", "" } }, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config config = { .kafka.properties = cases[i].properties };
        while (config.kafka.property_count < COUNT(cases[i].properties) && cases[i].properties[config.kafka.property_count].name)
            config.kafka.property_count++;
        CHECK(kafka_starts_programs(&config) == cases[i].want, "%s", cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_starts_programs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

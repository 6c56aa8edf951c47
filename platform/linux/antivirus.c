/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program files by each vendor's public documentation: Microsoft Defender for Endpoint on Linux, ESET Endpoint Antivirus for Linux,
 * Sophos Protection for Linux, Trend Micro Deep Security Agent, CrowdStrike Falcon sensor. How they answer we have not seen.
 */
#include "platform/linux/antivirus.h"

#include "base/attr.h"

const struct antivirus_product antivirus_products[] = {
	{"clamav",
         {"/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamscan", NULL},
         true,
         antivirus_running_clamav,
         antivirus_signatures_clamav},
	{"mdatp", {"/opt/microsoft/mdatp/sbin/wdavdaemon", NULL}, true, NULL, NULL},
	{"eset", {"/opt/eset/eea/sbin/startd", "/opt/eset/eea/bin/odscan", NULL}, true, NULL, NULL},
	{"sophos", {"/opt/sophos-spl/plugins/av/bin/avscanner", "/opt/sophos-spl/bin/wdctl", NULL}, true, NULL, NULL},
	{"ds_agent", {"/opt/ds_agent/ds_agent", NULL}, true, NULL, NULL},
	{"falcon", {"/opt/CrowdStrike/falcond", "/opt/CrowdStrike/falconctl", NULL}, false, NULL, NULL},
};

const size_t antivirus_product_count = ARRAY_LEN(antivirus_products);

const char *antivirus_installed(const struct host *host, const struct antivirus_product *product)
{
	/* A folder that is shut to us is there: some products close theirs to ordinary users. */
	for (size_t i = 0; i < ARRAY_LEN(product->files) && product->files[i]; i++)
		if (host_exists(host, product->files[i]))
			return product->files[i];
	return NULL;
}

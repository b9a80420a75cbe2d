/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The viewer's page as bytes of the program:
 *	extern const unsigned char smolder_viewer_html[];
 *	extern const size_t smolder_viewer_html_len;
 * A NUL stands behind the page and is not counted.
 */
	.section .rodata.smolder_viewer, "a", %progbits
	.global smolder_viewer_html
	.type smolder_viewer_html, %object
	.balign 16
smolder_viewer_html:
	.incbin VIEWER_HTML
viewer_html_end:
	.byte 0
	.size smolder_viewer_html, . - smolder_viewer_html

	.global smolder_viewer_html_len
	.type smolder_viewer_html_len, %object
	.balign 8
smolder_viewer_html_len:
#if __SIZEOF_SIZE_T__ == 8
	.quad viewer_html_end - smolder_viewer_html
#else
	.long viewer_html_end - smolder_viewer_html
#endif
	.size smolder_viewer_html_len, __SIZEOF_SIZE_T__

	.section .note.GNU-stack, "", %progbits

package main

import "testing"

func TestInline(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain text stays":                        {"Book at once.", "Book at once."},
		"code":                                    {"`wait=N`: answer", "<code>wait=N</code>: answer"},
		"bold":                                    {"**Keys.** Each", "<strong>Keys.</strong> Each"},
		"code in bold":                            {"**the `id`**", "<strong>the <code>id</code></strong>"},
		"stars in code are stars":                 {"`**a**`", "<code>**a**</code>"},
		"a mark without its counterpart":          {"5 * 3 ` 2 ** 4", "5 * 3 ` 2 ** 4"},
		"a mark around nothing":                   {"`` and ****", "`` and ****"},
		"HTML is text":                            {"<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"},
		"HTML in code is text":                    {"`<script>`", "<code>&lt;script&gt;</code>"},
		"HTML in bold is text":                    {"**\"<i>**", "<strong>&#34;&lt;i&gt;</strong>"},
		"a mark left open does not open HTML":     {"`<b>", "`&lt;b&gt;"},
		"what else Markdown knows stays as it is": {"[a](javascript:b) _c_", "[a](javascript:b) _c_"},
		"beyond ASCII":                            {"whsec_…", "whsec_…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(inline(c.in)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestProse(t *testing.T) {
	if got, want := string(prose("One\ntwo.\n\n  \nThree.\n")), "<p>One two.</p>\n<p>Three.</p>\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

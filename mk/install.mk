# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

bindir ?= $(PREFIX)/bin
mandir ?= $(PREFIX)/share/man
docdir ?= $(PREFIX)/share/doc/smolder
unitdir ?= $(PREFIX)/lib/systemd/system
completiondir ?= $(PREFIX)/share/bash-completion/completions
# The agent's configuration: never written over, and removed only as it was installed.
confdir ?= /etc/smolder
INSTALL ?= install

DOCS := $(wildcard README.md NEWS.md NEWS docs/*.md LICENSES/*.txt)
INSTALLED := $(bindir)/smolder $(mandir)/man1/smolder.1 $(completiondir)/smolder \
	$(unitdir)/smolder.service \
	$(addprefix $(docdir)/,$(notdir $(DOCS)))

## install: install under PREFIX=/usr/local, staged under DESTDIR
install: $(BUILD)/smolder
	$(call msg,INSTALL,$(DESTDIR)$(PREFIX)) \
		$(INSTALL) -D -m 755 $< '$(DESTDIR)$(bindir)/smolder' && \
		$(INSTALL) -D -m 644 man/smolder.1 '$(DESTDIR)$(mandir)/man1/smolder.1' && \
		$(INSTALL) -D -m 644 packaging/completion/smolder.bash '$(DESTDIR)$(completiondir)/smolder' && \
		$(INSTALL) -d -m 755 '$(DESTDIR)$(docdir)' '$(DESTDIR)$(unitdir)' && \
		sed 's|/usr/bin/smolder|$(bindir)/smolder|; s|/etc/smolder|$(confdir)|' \
			packaging/systemd/smolder.service >'$(DESTDIR)$(unitdir)/smolder.service' && \
		{ [ -e '$(DESTDIR)$(confdir)/agent.conf' ] || \
			$(INSTALL) -D -m 644 packaging/systemd/agent.conf '$(DESTDIR)$(confdir)/agent.conf'; } && \
		$(INSTALL) -m 644 $(DOCS) '$(DESTDIR)$(docdir)'

## uninstall: remove exactly what install installed
uninstall:
	$(call msg,REMOVE,$(DESTDIR)$(PREFIX)) rm -f -- $(foreach f,$(INSTALLED),'$(DESTDIR)$f')
	$(Q)! cmp -s packaging/systemd/agent.conf '$(DESTDIR)$(confdir)/agent.conf' || \
		rm -f -- '$(DESTDIR)$(confdir)/agent.conf'
	$(Q)[ ! -d '$(DESTDIR)$(confdir)' ] || rmdir --ignore-fail-on-non-empty -- '$(DESTDIR)$(confdir)'
	$(Q)[ ! -d '$(DESTDIR)$(docdir)' ] || rmdir --ignore-fail-on-non-empty -- '$(DESTDIR)$(docdir)'

## static: install what is missing, build build/static/smolder without shared libraries
static:
	$(Q)mk/deps.sh build static
	$(Q)$(MAKE) BUILD=$(OUT)/static STATIC=1 all

## dist: build/smolder-VERSION.tar.gz of HEAD
dist:
	$(Q)mk/dist.sh $(OUT)

.PHONY: install uninstall static dist

def lines(): return []

const { lang } = document.documentElement;

/** The page's language as the browser's owner writes it, such as en-GB. */
export const locale = navigator.languages.find((each) => each.split('-')[0] === lang) ?? lang;
